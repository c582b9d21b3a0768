"""Numbers only: the minimum-dispersion problem in lots, its relaxations, and the search that closes the gap.

    terms.py     the problem as arrays, and the objective
    relaxed.py   the continuous optimum: two multipliers
    whole.py     whole lots inside a box: greedy at a fixed mean, then exchanges
    dual.py      the bound at one mean, minimum pieces and whole holdings included
    repair.py    from the bound's answer to an allocation that may be traded
    search.py    branch and bound on the mean and on single accounts
    solve.py     the whole way, from terms to an answer with its bound

Nothing here knows accounts, bonds or money.
"""
