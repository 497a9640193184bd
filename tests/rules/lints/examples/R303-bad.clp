(defrule veto-long
  "quant | no long in ?i"
  (consensus (instrument ?i) (direction long))
  (not (veto (instrument ?i)))
  =>
  (assert (veto (instrument ?i) (rule veto-long))))
