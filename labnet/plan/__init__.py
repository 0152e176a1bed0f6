"""What must change to make one State of another: a pure difference, in an order that works.

A Plan is a tuple of Ops; applying it to a kernel that holds `observed` leaves it holding `desired`.
Applying any first part of it leaves a State from which planning again gets to the same end: that is
why labnet needs no journal and no roll-back.

Decisions
- We chose to remove before we add, because names and addresses are used again; a change in place is
  never a removal.
- Rules of namespaces that are there come before even that, and what their old ones have left in
  conntrack right after them: nobody is to be sent to what is removed next.
- We chose to order by home (the namespace that an object hangs on), then by rank, over ordering by
  rank alone: a person reads what one pod needs in one place, and the kernel room works
  in one namespace at a time.
- Rules of new namespaces come together and before the pods, because loading them takes as long as
  making some hundred pods and can be done meanwhile; processes come last, so that nothing starts in
  half a network.
"""

from labnet.plan.op import Op, Plan, Verb
from labnet.plan.plan import plan
from labnet.plan.render import plan_json, plan_script, plan_text


__all__ = ["Op", "Plan", "Verb", "plan", "plan_json", "plan_script", "plan_text"]
