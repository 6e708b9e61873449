"""Cards for social media: what a race says at a moment, as one picture or six seconds of film."""

from tracker3d.scene.social.facts import CardFacts, CardRow, Template, card_facts
from tracker3d.scene.social.film import Card, make_card

__all__ = ["Card", "CardFacts", "CardRow", "Template", "card_facts", "make_card"]
