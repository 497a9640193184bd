; Waltz: which edges of a line drawing of blocks are convex, concave, or the outline of a block.
;
; Written from the description in D. L. Waltz, "Understanding Line Drawings of Scenes with Shadows", in P. H. Winston
; (ed.), The Psychology of Computer Vision, 1975, and the catalogue of D. A. Huffman, "Impossible Objects as Nonsense
; Sentences", Machine Intelligence 6, 1971. Lines become junctions; each junction gets every way the catalogue knows
; for its shape; a way that some neighbour can not share is taken out, until nothing changes.
;
; Seen from a junction a line is `convex`, `concave`, `leaving` or `arriving` (outlines have the block on their right);
; seen from the line, an outline runs `along` its direction or `against` it. `cross` of two lines is positive where
; the second lies counter-clockwise of the first.

(deftemplate line (slot name) (slot x1) (slot y1) (slot x2) (slot y2))
(deftemplate end "a line as it leaves a corner" (slot x) (slot y) (slot line) (slot dx) (slot dy) (slot forward))
(deftemplate cross (slot x) (slot y) (slot first) (slot second) (slot value))
(deftemplate junction (slot x) (slot y) (slot shape) (slot a) (slot b) (slot c))
(deftemplate known "a row of the catalogue" (slot shape) (slot row) (slot a) (slot b) (slot c))
(deftemplate way "a row that still can be" (slot x) (slot y) (slot row))
(deftemplate means "what a way says of a line" (slot x) (slot y) (slot row) (slot line) (slot label))

(defrule line-leaves-its-start
  (line (name ?l) (x1 ?x1) (y1 ?y1) (x2 ?x2) (y2 ?y2))
  =>
  (assert (end (x ?x1) (y ?y1) (line ?l) (dx (- ?x2 ?x1)) (dy (- ?y2 ?y1)) (forward yes)))
  (assert (end (x ?x2) (y ?y2) (line ?l) (dx (- ?x1 ?x2)) (dy (- ?y1 ?y2)) (forward no))))

(defrule cross-of-two-lines
  (end (x ?x) (y ?y) (line ?a) (dx ?ax) (dy ?ay))
  (end (x ?x) (y ?y) (line ?b&~?a) (dx ?bx) (dy ?by))
  =>
  (assert (cross (x ?x) (y ?y) (first ?a) (second ?b) (value (- (* ?ax ?by) (* ?ay ?bx))))))

(defrule two-lines-are-a-bend
  "only when every line is known, as a third may come"
  (declare (salience -1))
  (cross (x ?x) (y ?y) (first ?a) (second ?b) (value ?v&:(> ?v 0)))
  (not (end (x ?x) (y ?y) (line ~?a&~?b)))
  =>
  (assert (junction (x ?x) (y ?y) (shape bend) (a ?a) (b ?b) (c none))))

(defrule three-lines-all-round-are-a-fork
  (cross (x ?x) (y ?y) (first ?a) (second ?b) (value ?u&:(> ?u 0)))
  (cross (x ?x) (y ?y) (first ?b) (second ?c&~?a) (value ?v&:(> ?v 0)))
  (cross (x ?x) (y ?y) (first ?c) (second ?a) (value ?w&:(> ?w 0)))
  (test (< (str-compare ?a ?b) 0))
  (test (< (str-compare ?a ?c) 0))
  =>
  (assert (junction (x ?x) (y ?y) (shape fork) (a ?a) (b ?b) (c ?c))))

(defrule three-lines-on-one-side-are-an-arrow
  "b is the shaft: a lies clockwise of it, c counter-clockwise, and c counter-clockwise of a"
  (cross (x ?x) (y ?y) (first ?a) (second ?b) (value ?u&:(> ?u 0)))
  (cross (x ?x) (y ?y) (first ?b) (second ?c&~?a) (value ?v&:(> ?v 0)))
  (cross (x ?x) (y ?y) (first ?a) (second ?c) (value ?w&:(> ?w 0)))
  =>
  (assert (junction (x ?x) (y ?y) (shape arrow) (a ?a) (b ?b) (c ?c))))

(defrule three-lines-two-of-them-straight-are-a-tee
  "b is the stem, and a and c are the bar"
  (cross (x ?x) (y ?y) (first ?a) (second ?b) (value ?u&:(> ?u 0)))
  (cross (x ?x) (y ?y) (first ?b) (second ?c&~?a) (value ?v&:(> ?v 0)))
  (cross (x ?x) (y ?y) (first ?a) (second ?c) (value 0))
  =>
  (assert (junction (x ?x) (y ?y) (shape tee) (a ?a) (b ?b) (c ?c))))

(defrule every-way-of-the-shape
  (junction (x ?x) (y ?y) (shape ?s))
  (known (shape ?s) (row ?r))
  =>
  (assert (way (x ?x) (y ?y) (row ?r))))

(defrule what-a-way-says
  (junction (x ?x) (y ?y) (shape ?s) (a ?a) (b ?b) (c ?c))
  (known (shape ?s) (row ?r) (a ?la) (b ?lb) (c ?lc))
  (end (x ?x) (y ?y) (line ?l) (forward ?f))
  =>
  (bind ?seen (if (eq ?l ?a) then ?la else (if (eq ?l ?b) then ?lb else ?lc)))
  (bind ?runs (if (eq (eq ?seen leaving) (eq ?f yes)) then along else against))
  (assert (means (x ?x) (y ?y) (row ?r) (line ?l)
                 (label (if (or (eq ?seen convex) (eq ?seen concave)) then ?seen else ?runs)))))

(defrule no-neighbour-agrees
  (declare (salience -10))
  ?w <- (way (x ?x) (y ?y) (row ?r))
  (means (x ?x) (y ?y) (row ?r) (line ?l) (label ?label))
  (end (line ?l) (x ?u) (y ?v))
  (test (or (neq ?u ?x) (neq ?v ?y)))
  (not (and (means (x ?u) (y ?v) (line ?l) (label ?label) (row ?other))
            (way (x ?u) (y ?v) (row ?other))))
  =>
  (retract ?w))

(defrule the-outline-is-known
  "what is said of a line from outside (the paper around the blocks is empty) holds at both of its ends"
  (declare (salience -5))
  (known (shape outline) (row ?l) (a ?label))
  (means (x ?x) (y ?y) (row ?r) (line ?l) (label ~?label))
  ?w <- (way (x ?x) (y ?y) (row ?r))
  =>
  (retract ?w))
