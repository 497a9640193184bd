(defrule at-seventy
  "quant | ?i is at RSI ?rsi"
  (indicator (instrument ?i) (name rsi-14) (value ?rsi&:(>= ?rsi 70.0)))
  =>
  (assert (exit (instrument ?i) (rule at-seventy))))
