; From advisories to a consensus: a head counts from a conviction of 0.70 on, and at least three must agree.
;
; What is concluded is brought to its slot's quantum, so shares and scores downstream are exact.
; Rounded weights may add up to a little over 1; the score stays at 1.
; The names of the heads are put in order, so that each set of heads fires once. The desk has four heads: with a
; fifth, a rule for five belongs here.

(defrule opinion
  "quant | the ?h head says ?d on ?i with conviction ?c at a weight of ?w"
  (declare (salience 300))
  (advisory (instrument ?i) (head ?h) (direction ?d&long|short) (conviction ?c&:(>= ?c 0.70)) (weight ?w)
            (horizon swing))
  =>
  (assert (opinion (instrument ?i) (head ?h) (direction ?d) (share (* ?w ?c)))))

(defrule consensus-of-three
  "quant | three heads agree on ?d for ?i: ?a ?x, ?b ?y, ?c ?z"
  (declare (salience 200))
  (opinion (instrument ?i) (direction ?d) (head ?a) (share ?x))
  (opinion (instrument ?i) (direction ?d) (head ?b&:(< (str-compare ?a ?b) 0)) (share ?y))
  (opinion (instrument ?i) (direction ?d) (head ?c&:(< (str-compare ?b ?c) 0)) (share ?z))
  (not (opinion (instrument ?i) (direction ?d) (head ~?a&~?b&~?c)))
  =>
  (assert (consensus (instrument ?i) (direction ?d) (heads 3) (score (min 1.0 (+ ?x ?y ?z))))))

(defrule consensus-of-four
  "quant | four heads agree on ?d for ?i: ?a ?x, ?b ?y, ?c ?z, ?e ?u"
  (declare (salience 200))
  (opinion (instrument ?i) (direction ?d) (head ?a) (share ?x))
  (opinion (instrument ?i) (direction ?d) (head ?b&:(< (str-compare ?a ?b) 0)) (share ?y))
  (opinion (instrument ?i) (direction ?d) (head ?c&:(< (str-compare ?b ?c) 0)) (share ?z))
  (opinion (instrument ?i) (direction ?d) (head ?e&:(< (str-compare ?c ?e) 0)) (share ?u))
  (not (opinion (instrument ?i) (direction ?d) (head ~?a&~?b&~?c&~?e)))
  =>
  (assert (consensus (instrument ?i) (direction ?d) (heads 4) (score (min 1.0 (+ ?x ?y ?z ?u))))))
