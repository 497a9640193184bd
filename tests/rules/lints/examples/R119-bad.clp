(defrule looks-up
  "quant | ?i looks up"
  (bar (instrument ?i))
  (or (trend (instrument ?i) (direction up))
      (setup (instrument ?i) (direction long)))
  =>
  (assert (exit (instrument ?i) (rule looks-up))))
