(defrule trend-up
  "quant | ?i trends up, with an ADX of ?adx"
  (indicator (instrument ?i) (name adx-14) (value ?adx&:(>= ?adx 1e999999999)))
  =>
  (assert (trend (instrument ?i) (direction up))))
