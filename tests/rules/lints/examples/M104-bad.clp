(defrule buy-weak
  "quant | buy ?i: it is stretched downwards, with an RSI of ?rsi"
  (indicator (instrument ?i) (name rsi-14) (value ?rsi&:(<= ?rsi 30.0)))
  (not (position (instrument ?i)))
  (not (working (instrument ?i)))
  =>
  (assert (candidate (instrument ?i) (side long) (horizon swing) (conviction 0.5) (rule buy-weak))))
