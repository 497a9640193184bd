(defrule veto-all
  "quant | no entry in ?i: the heads say ?d"
  (consensus (instrument ?i) (direction ?d))
  (test (neq ?d up))
  =>
  (assert (veto (instrument ?i) (rule veto-all))))
