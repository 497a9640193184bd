; Candidates of the swing horizon (1 to 5 sessions, conviction from 0.75). How large, and whether at all, is decided
; elsewhere: by compliance (policies.pl) and the risk officer (limits.yaml). The width of the conformal interval and
; the health of the heads are conditions there, not here.

(defrule swing-long
  "quant | ?i is a candidate to buy in a ?regime market: ?n heads agree with a score of ?score, at or above 0.75"
  (declare (salience 0))
  (regime (name ?regime))
  (consensus (instrument ?i) (direction long) (heads ?n) (score ?score&:(>= ?score 0.75)))
  (not (veto (instrument ?i)))
  (not (position (instrument ?i)))
  (not (working (instrument ?i)))
  =>
  (assert (candidate (instrument ?i) (side long) (horizon swing) (conviction ?score) (rule swing-long))))

(defrule swing-short
  "quant | ?i is a candidate to sell short in a ?regime market: ?n heads agree with a score of ?score, at or above 0.75, and a setup agrees"
  (declare (salience 0))
  (regime (name ?regime))
  (consensus (instrument ?i) (direction short) (heads ?n) (score ?score&:(>= ?score 0.75)))
  (exists (setup (instrument ?i) (direction short)))
  (not (veto (instrument ?i)))
  (not (position (instrument ?i)))
  (not (working (instrument ?i)))
  =>
  (assert (candidate (instrument ?i) (side short) (horizon swing) (conviction ?score) (rule swing-short))))
