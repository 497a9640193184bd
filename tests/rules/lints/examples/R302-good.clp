(defrule veto-long
  "quant | no long in ?i"
  (declare (salience 100))
  (consensus (instrument ?i) (direction long))
  =>
  (assert (veto (instrument ?i) (rule veto-long))))

(defrule close-up
  "quant | close ?i: it trends up"
  (trend (instrument ?i) (direction up))
  (not (veto (instrument ?i)))
  =>
  (assert (exit (instrument ?i) (rule close-up))))
