(defrule trend-up
  "quant | ?i moves with ?others"
  (correlations (instrument ?i) (others ?others))
  =>
  (assert (trend (instrument ?i) (direction up))))
