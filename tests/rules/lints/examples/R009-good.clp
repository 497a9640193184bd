; warrant: allow R305 because this desk adds to positions it holds, one order at a time
(defrule add-to-winner
  "quant | add to ?i: it trends up"
  (trend (instrument ?i) (direction up))
  (not (working (instrument ?i)))
  =>
  (assert (candidate (instrument ?i) (side long) (horizon swing) (conviction 0.5) (rule add-to-winner))))
