(defrule trend-up
  "quant | ?i trends up, with an ADX of ?adx"
  (indicator (instrument ?i) (name adx-14) (value ?adx&:(>= ?adx 20.0)))
  =>
  (assert (trend (instrument ?i) (direction up))))

(defrule strong
  "quant | ?x is strong: ?strength"
  (indicator (name adx-14) (instrument ?x) (value ?strength&:(<= 20.0 ?strength)))
  =>
  (assert (trend (instrument ?x) (direction up))))
