; The market's regime: exactly one, as soon as the three market measures are known.
; Volatile comes first: rank 0.90 and above is volatile whatever the direction; below it the index's place and its
; momentum decide, and range is what is neither bull nor bear. What a regime costs is the risk officer's (limits.yaml).
;
; Stages of the whole book, by salience. A rule may say `not` only of facts that an earlier stage concludes:
;   300  regime, trend, setup, opinion
;   200  consensus
;   100  veto
;     0  candidate, exit, trail

(defrule regime-volatile
  "quant | the market is volatile: the index's volatility ranks at ?rank of its last five years, at or above 0.90"
  (declare (salience 300))
  (market (name index-volatility-rank) (value ?rank&:(>= ?rank 0.90)))
  =>
  (assert (regime (name volatile))))

(defrule regime-bull
  "quant | the market is a bull: the index stands ?distance over its 200-bar average and made ?momentum in 63 bars, with volatility ranked at ?rank"
  (declare (salience 300))
  (market (name index-volatility-rank) (value ?rank&:(< ?rank 0.90)))
  (market (name index-ema-200-distance) (value ?distance&:(> ?distance 0.0)))
  (market (name index-momentum-63) (value ?momentum&:(> ?momentum 0.0)))
  =>
  (assert (regime (name bull))))

(defrule regime-bear
  "quant | the market is a bear: the index stands ?distance from its 200-bar average and made ?momentum in 63 bars, with volatility ranked at ?rank"
  (declare (salience 300))
  (market (name index-volatility-rank) (value ?rank&:(< ?rank 0.90)))
  (market (name index-ema-200-distance) (value ?distance&:(< ?distance 0.0)))
  (market (name index-momentum-63) (value ?momentum&:(< ?momentum 0.0)))
  =>
  (assert (regime (name bear))))

(defrule regime-range
  "quant | the market ranges: the index stands ?distance from its 200-bar average while it made ?momentum in 63 bars, with volatility ranked at ?rank"
  (declare (salience 300))
  (market (name index-volatility-rank) (value ?rank&:(< ?rank 0.90)))
  (market (name index-ema-200-distance) (value ?distance))
  (market (name index-momentum-63) (value ?momentum))
  (test (or (and (>= ?distance 0.0) (<= ?momentum 0.0))
            (and (<= ?distance 0.0) (>= ?momentum 0.0))))
  =>
  (assert (regime (name range))))
