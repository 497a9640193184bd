% Jurisdiction. This desk may trade instruments of these countries on these exchanges, and nothing else; an instrument
% whose country or exchange nobody knows is outside.

:- sentence(tradable_country(Country), "this desk may trade in ~Country").

tradable_country('US').

:- sentence(tradable_exchange(Exchange), "this desk may trade on ~Exchange").

tradable_exchange('XNYS').
tradable_exchange('XNAS').

:- sentence(inside_jurisdiction(Instrument), "~Instrument lies inside the jurisdiction of this desk").

inside_jurisdiction(Instrument) :-
    reference(Instrument, _, _, _, Exchange, Country, _, _, _, _),
    tradable_country(Country),
    tradable_exchange(Exchange).

forbidden(candidate(Instrument, _, _, _, _), jurisdiction) :-
    \+ inside_jurisdiction(Instrument).
