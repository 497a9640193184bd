(defrule trend-up
  "quant | ?i trends up, with an ADX of ?adx"
  (indicator (instrument ?i) (name adx-inf) (value ?adx&:(>= ?adx nan)))
  =>
  (assert (trend (instrument ?i) (direction up))))
