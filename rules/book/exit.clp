; Proposals to close a position. `return` is the position's own: positive is a gain, for a short as well.

(defrule time-stop
  "quant | close ?i: held for ?n sessions, and a swing position lasts at most 5"
  (declare (salience 0))
  (position (instrument ?i) (horizon swing) (sessions-held ?n&:(>= ?n 5)))
  =>
  (assert (exit (instrument ?i) (rule time-stop))))

(defrule take-profit
  "quant | close ?i: the ?side position gained ?gain, at or above its target of 2.5 %"
  (declare (salience 0))
  (position (instrument ?i) (horizon swing) (side ?side) (return ?gain&:(>= ?gain 0.025)))
  =>
  (assert (exit (instrument ?i) (rule take-profit))))

(defrule consensus-turned
  "quant | close ?i: the position is ?side and ?n heads now agree on ?d with a score of ?score"
  (declare (salience 0))
  (position (instrument ?i) (side ?side))
  (consensus (instrument ?i) (direction ?d&~?side) (heads ?n) (score ?score))
  =>
  (assert (exit (instrument ?i) (rule consensus-turned))))
