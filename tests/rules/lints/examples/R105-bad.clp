(defrule trend-up
  "quant | ?i closed at 5"
  (bar (instrument ?i) (close 5))
  =>
  (assert (trend (instrument ?i) (direction up))))
