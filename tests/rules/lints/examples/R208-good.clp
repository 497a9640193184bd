(defrule trend-up
  "quant | ?i trends up, with an ADX of ?adx"
  (indicator (instrument ?i) (name adx-14) (value ?adx&:(>= ?adx 20.0)))
  =>
  (assert (trend (instrument ?i) (direction up))))

(defrule strong
  "quant | ?x is strong: ?spread"
  (indicator (name ema-50-200) (instrument ?x) (value ?spread&:(<= 0.0 ?spread)))
  =>
  (assert (trend (instrument ?x) (direction up))))
