(defrule trend-up
  "quant | ?i at ?close stands ?distance from its average"
  (bar (instrument ?i) (close ?close))
  (indicator (instrument ?i) (name ema-20-distance) (value ?distance&:(< ?distance ?close)))
  =>
  (assert (trend (instrument ?i) (direction up))))
