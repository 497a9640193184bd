(defrule high
  "quant | ?i is at RSI ?rsi"
  (indicator (instrument ?i) (name rsi-14) (value ?rsi&:(>= ?rsi 70.005)))
  =>
  (assert (exit (instrument ?i) (rule high))))
