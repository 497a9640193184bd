(defrule trend-up
  "quant | ?i trends up"
  (indicator (instrument ?i) (name adx-14) (value ?adx))
  =>
  (assert (trend (instrument ?i) (direction up))))
