; Rules without a purpose but to hold every kind of condition once (tests/rules/test_matching.py).

(defrule a-choice-after-a-variable "q | ?i"
  (advisory (instrument ?i) (direction ?d&long|short) (conviction ?c&:(> ?c 0.7)))
  =>
  (assert (exit (instrument ?i) (rule a))))

(defrule b-unlike "q | ?i"
  (advisory (instrument ?i) (head ?h))
  (advisory (instrument ?i) (head ?g&~?h) (direction ~flat))
  =>
  (assert (exit (instrument ?i) (rule b))))

(defrule c-not-and "q | ?i"
  (bar (instrument ?i))
  (not (and (advisory (instrument ?i) (direction ?d)) (position (instrument ?i) (side ?d))))
  =>
  (assert (exit (instrument ?i) (rule c))))

(defrule d-exists-two "q | ?i"
  (bar (instrument ?i))
  (exists (advisory (instrument ?i) (head ?h)) (abstention (instrument ?i) (head ~?h)))
  =>
  (assert (exit (instrument ?i) (rule d))))

(defrule e-forall "q | ?i"
  (bar (instrument ?i))
  (forall (advisory (instrument ?i) (head ?h)) (advisory (instrument ?i) (head ?h) (direction long)))
  =>
  (assert (exit (instrument ?i) (rule e))))

(defrule f-returned "q | ?i"
  (bar (instrument ?i) (open ?o))
  (bar (instrument ?i) (close =(+ ?o 0.25)))
  =>
  (assert (exit (instrument ?i) (rule f))))

(defrule g-whole-and-float "q | ?i"
  (bar (instrument ?i) (volume ?v) (open ?o))
  (test (= ?v ?o))
  =>
  (assert (exit (instrument ?i) (rule g))))

(defrule h-join-of-numbers "q | ?i"
  (bar (instrument ?i) (open ?o) (close ?o))
  =>
  (assert (exit (instrument ?i) (rule h))))

(defrule i-words "q | ?i"
  (abstention (instrument ?i) (head ?h) (reason ?r))
  (abstention (instrument ?j&~?i) (head ?h) (reason ?r))
  (test (or (eq ?r "no news") (< (str-compare ?i ?j) 0)))
  =>
  (assert (exit (instrument ?i) (rule i))))

(defrule j-logic "q | ?i"
  (bar (instrument ?i) (open ?o) (close ?c))
  (test (not (and (> ?o 10.0) (<= ?c 10.25))))
  =>
  (assert (exit (instrument ?i) (rule j))))

(defrule k-arithmetic "q | ?i"
  (bar (instrument ?i) (open ?o) (close ?c) (volume ?v))
  (test (> (max (abs (- ?o ?c)) (min ?o 0.25)) (/ (round (* ?c 0.5)) 20.0)))
  (test (<> (integer ?o) ?v 11))
  =>
  (assert (exit (instrument ?i) (rule k))))

(defrule l-unlike-test "q | ?i"
  (bar (instrument ?i) (open ?o&~:(> ?o 10.0)))
  =>
  (assert (exit (instrument ?i) (rule l))))

(defrule m-either-number "q | ?i"
  (bar (instrument ?i) (open 10.0|10.25) (volume ~11&~12))
  =>
  (assert (exit (instrument ?i) (rule m))))
