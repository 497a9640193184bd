(defrule trends-up
  "quant | ?i trends up"
  (trend (instrument ?i) (direction up))
  =>
  (assert (exit (instrument ?i) (rule trends-up))))

(defrule has-setup
  "quant | ?i has a setup"
  (bar (instrument ?i))
  (exists (setup (instrument ?i) (direction long)))
  =>
  (assert (exit (instrument ?i) (rule has-setup))))
