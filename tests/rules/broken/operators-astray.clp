(defrule trend-up
  "quant | ?i trends up, with an ADX of ?adx"
  (indicator (instrument ?i) (name adx-14) (value &|~&:=))
  =>
  (assert (trend (instrument ?i) (direction up))))
(defrule y "q | z" (trend (direction ~~up)) => (assert (trend (direction |up))))
