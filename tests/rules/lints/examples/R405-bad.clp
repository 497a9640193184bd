(defrule opinion
  "quant | the ?h head says ?d on ?i"
  (advisory (instrument ?i) (head ?h) (direction ?d))
  =>
  (assert (opinion (instrument ?i) (head ?h) (direction ?d) (share 0.5))))
