"""What serves: the one place that writes a slot, and everything that acts on one.

Who locks more than one row locks in this order, so that nobody waits in a circle: slots by id, then promotions by id,
then one of rollout, review, emergency, incident, waiver, condition, hold, alert; the log comes last. Whoever holds two
promotions of a slot holds the slot. Slots and promotions are locked with `no_key=True`: a row that refers to one waits
for nobody.
A service of `decisions` that ends an approval never touches its slot: `consequences.follow` does, in the next round.
"""
