(defrule high
  "quant | ?i is at RSI ?rsi"
  (indicator (instrument ?i) (name rsi-14) (value ?rsi&:(>= ?rsi 70.01)))
  =>
  (assert (exit (instrument ?i) (rule high))))
