(defrule trend-up
  "quant | ?i at ?close stands ?distance from its average"
  (bar (instrument ?i) (close ?close))
  (indicator (instrument ?i) (name ema-20-distance) (value ?distance&:(< ?distance 0.05)))
  =>
  (assert (trend (instrument ?i) (direction up))))
