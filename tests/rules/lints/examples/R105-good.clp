(defrule trend-up
  "quant | ?i closed at ?c"
  (bar (instrument ?i) (close ?c&:(>= ?c 5.0)))
  =>
  (assert (trend (instrument ?i) (direction up))))
