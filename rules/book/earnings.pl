% Earnings blackout. No entry in the three sessions before an earnings release, and none while its date is not known.

:- sentence(earnings_soon(Instrument), "~Instrument reports earnings within three sessions").

earnings_soon(Instrument) :-
    earnings(Instrument, SessionsToEarnings),
    SessionsToEarnings =< 3.

forbidden(candidate(Instrument, _, _, _, _), earnings_blackout) :-
    earnings_soon(Instrument).

forbidden(candidate(Instrument, _, _, _, _), earnings_date_unknown) :-
    \+ earnings(Instrument, _).
