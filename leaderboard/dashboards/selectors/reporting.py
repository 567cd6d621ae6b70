"""The items of reporting guidelines, answered: what the platform knows, what the team says, and what nobody said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from leaderboard.dashboards.selectors.card import Card
from leaderboard.dashboards.selectors.platform_words import platform_words
from leaderboard.submissions.guidelines import GUIDELINES, TOPICS, By, Item, Topic

LETTERS = {By.PLATFORM: "A", By.TEAM: "T", By.HOSPITALS: "H"}
BLANK = "Supplied by the team: nothing so far."
NOT_RECORDED = "Not recorded by this platform; the hospitals named under “Hospitals and cohorts” know."


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A topic with its number in the document: "A3", or "T2" for the team's words."""

    number: str
    topic: Topic
    text: str
    note: str = ""
    blank: bool = False


@dataclass(frozen=True, kw_only=True)
class AnsweredItem:
    item: Item
    answers: list[Answer]

    @property
    def where(self) -> str:
        return ", ".join(answer.number for answer in self.answers)

    @property
    def state(self) -> str:
        """In words: who answers it, or whose answer is missing."""
        missing = {answer.topic.by for answer in self.answers if answer.blank}
        given = {answer.topic.by for answer in self.answers if not answer.blank}
        said = ["by the platform"] if By.PLATFORM in given else []
        said += ["by the team"] if By.TEAM in given else []
        said += ["blank: supplied by the team"] if By.TEAM in missing else []
        said += ["not recorded: the hospitals"] if By.HOSPITALS in missing else []
        return "; ".join(said)


@dataclass(frozen=True, kw_only=True)
class AnsweredGuideline:
    name: str
    source: str
    items: list[AnsweredItem]

    @property
    def answered(self) -> int:
        """Items without a blank."""
        return sum(not any(answer.blank for answer in item.answers) for item in self.items)


@dataclass(frozen=True, kw_only=True)
class Reporting:
    """``answers`` by who gives them, in the order of their numbers."""

    platform: list[Answer]
    team: list[Answer]
    hospitals: list[Answer]
    guidelines: list[AnsweredGuideline]


def reporting(card: Card, *, address: str) -> Reporting:
    """``address`` is where the benchmark's leaderboard is."""
    words = platform_words(card, address=address)
    answers: dict[str, Answer] = {}
    counts = dict.fromkeys(By, 0)
    for key, topic in TOPICS.items():
        counts[topic.by] += 1
        answers[key] = _answer(topic, f"{LETTERS[topic.by]}{counts[topic.by]}", words, card)
    return Reporting(
        platform=[answer for answer in answers.values() if answer.topic.by is By.PLATFORM],
        team=[answer for answer in answers.values() if answer.topic.by is By.TEAM],
        hospitals=[answer for answer in answers.values() if answer.topic.by is By.HOSPITALS],
        guidelines=[
            AnsweredGuideline(
                name=guideline.name,
                source=guideline.source,
                items=[
                    AnsweredItem(item=item, answers=[answers[topic] for topic in item.topics])
                    for item in guideline.items
                ],
            )
            for guideline in GUIDELINES
        ],
    )


def _answer(topic: Topic, number: str, words: Mapping[str, str], card: Card) -> Answer:
    if topic.by is By.PLATFORM:
        return Answer(number=number, topic=topic, text=words[topic.key])
    if topic.by is By.HOSPITALS:
        return Answer(number=number, topic=topic, text=NOT_RECORDED, blank=True)
    said = card.statements.get(topic.key)
    if said is None:
        return Answer(number=number, topic=topic, text=BLANK, blank=True)
    note = f"In the team’s words, version {said.version}, {said.created:%Y-%m-%d %H:%M} UTC."
    return Answer(number=number, topic=topic, text=said.text, note=note)
