(defrule trend-up
  "quant | ?i trends up, with an ADX of ?adx"
  (indicator (instrument ?i) (name adx-14) (value ?adx&:(>= ?adx 20.0)))
  (test (> ?adx 10.0))
  =>
  (assert (trend (instrument ?i) (direction up))))
