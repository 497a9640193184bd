(defrule buy-up
  "quant | buy ?i: it trends up"
  (trend (instrument ?i) (direction up))
  (not (position (instrument ?i)))
  =>
  (assert (candidate (instrument ?i) (side long) (horizon swing) (conviction 0.5) (rule buy-up))))
