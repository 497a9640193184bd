; Miss Manners: seat the guests of a dinner in a row, so that neighbours are of different sex and share a hobby.
;
; Written from the description in D. A. Brant, T. Grose, B. Lofaso, D. P. Miranker, "Effects of Database Size on Rule
; System Performance: Five Case Studies", VLDB 1991. A depth-first search: each `place` extends one partial
; row, the row of its parent is copied, and a dead end leaves the other ways of older places on the agenda.

(deftemplate guest "one fact for each hobby of a guest" (slot name) (slot sex) (slot hobby))
(deftemplate dinner "what happens next: open, seat, copy, look, over" (slot phase))
(deftemplate places "how many places the row has" (slot wanted))
(deftemplate serial "the number of the next partial row" (slot next))
(deftemplate place "the last place of a partial row" (slot row) (slot parent) (slot number) (slot guest) (slot copied))
(deftemplate sits "who sits where in a partial row" (slot row) (slot number) (slot guest))
(deftemplate tried "a row that was extended by a guest" (slot row) (slot guest))

(defrule seat-the-first
  ?d <- (dinner (phase open))
  ?s <- (serial (next ?row))
  (guest (name ?who))
  (not (guest (name ?earlier&:(< (str-compare ?earlier ?who) 0))))
  =>
  (assert (place (row ?row) (parent 0) (number 1) (guest ?who) (copied yes)))
  (assert (sits (row ?row) (number 1) (guest ?who)))
  (modify ?s (next (+ ?row 1)))
  (modify ?d (phase look)))

(defrule seat-the-next
  ?d <- (dinner (phase seat))
  (place (row ?row) (number ?n) (guest ?left) (copied yes))
  (guest (name ?left) (sex ?sex) (hobby ?shared))
  (guest (name ?who) (sex ~?sex) (hobby ?shared))
  (not (sits (row ?row) (guest ?who)))
  (not (tried (row ?row) (guest ?who)))
  ?s <- (serial (next ?new))
  =>
  (assert (place (row ?new) (parent ?row) (number (+ ?n 1)) (guest ?who) (copied no)))
  (assert (sits (row ?new) (number (+ ?n 1)) (guest ?who)))
  (assert (tried (row ?row) (guest ?who)))
  (modify ?s (next (+ ?new 1)))
  (modify ?d (phase copy)))

(defrule copy-a-seat
  (dinner (phase copy))
  (place (row ?new) (parent ?row) (copied no))
  (sits (row ?row) (number ?n) (guest ?who))
  (not (sits (row ?new) (number ?n)))
  =>
  (assert (sits (row ?new) (number ?n) (guest ?who))))

(defrule all-copied
  (declare (salience -10))
  ?d <- (dinner (phase copy))
  ?p <- (place (copied no))
  =>
  (modify ?p (copied yes))
  (modify ?d (phase look)))

(defrule row-is-full
  ?d <- (dinner (phase look))
  (places (wanted ?all))
  (place (row ?row) (number ?all))
  =>
  (modify ?d (phase over)))

(defrule row-goes-on
  (declare (salience -10))
  ?d <- (dinner (phase look))
  =>
  (modify ?d (phase seat)))
