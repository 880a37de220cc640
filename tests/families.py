"""Sentences made from the slots of claims.toml, with what they claim: a word that is added to a slot is tried in every family."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping

from govstats.recognition.sentences import data

Cells = Mapping[str, float]
YEAR = 2023
UNITS = ["件", "条", "宗", "份", "起"]
NAMES = ["我局", "全县", "本机关", "县政府办", "2023年，我镇", "2023年", "本年度", "全年"]
LINES = {"部分公开": "partly_granted", "不予公开": "refused", "不予处理": "not_processed", "作其他处理": "other"}
RESULTS = {"维持": "upheld", "纠正": "corrected", "其他结果": "other", "尚未审结": "pending"}
REVIEWS = {"行政复议": "reconsideration", "行政诉讼": "litigation"}
DONE = ["issued", "repealed", "in_force"]
#: What counts no requests.
ASIDE = ["12345热线", "县长信箱", "人大建议", "政协提案", "信访事项", "网民留言"]


class Writer:
    """Writes sentences with a seed, and what they claim."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.unit = self.pick(UNITS)

    def pick(self, words: list[str]) -> str:
        """Return one of some words."""
        return self.random.choice(words)

    def slot(self, name: str) -> str:
        """Return one of the words of a slot."""
        return self.pick(data()["slots"][name])

    def number(self, least: int = 1, most: int = 400) -> int:
        """Return a number."""
        return self.random.randint(least, most)

    def parts(self, total: int, count: int) -> list[int]:
        """Return numbers above nought that add up to a total."""
        cuts = sorted(self.random.sample(range(1, total), count - 1))
        return [after - before for before, after in zip([0, *cuts], [*cuts, total], strict=True)]

    def received(self, number: int) -> str:
        """Write what was received."""
        return f"{self.pick(NAMES)}共{self.slot('received')}{self.slot('request')}{number}{self.unit}"


def flow(writer: Writer) -> tuple[str, Cells]:
    """收到20件,上年结转3件,办结21件,结转下年2件."""
    new, carried, out = writer.number(30), writer.number(1, 9), writer.number(1, 9)
    done, unit = new + carried - out, writer.unit
    last = writer.pick([writer.slot("last"), "2022年"])
    after = writer.pick([writer.slot("next"), "2024年"])
    text = f"{writer.received(new)}，{last}结转{carried}{unit}，{writer.slot('answered')}{done}{unit}，结转{after}{out}{unit}"
    cells = {"new/total": new, "carried_in/total": carried, "processed_total/total": done, "carried_out/total": out}
    return text, {f"requests/{name}": value for name, value in cells.items()}


def outcomes(writer: Writer) -> tuple[str, Cells]:
    """办结20件,其中予以公开12件,不予公开8件."""
    chosen = writer.random.sample(list(LINES), writer.number(1, 3))
    done = writer.number(30)
    first, *others = writer.parts(done, len(chosen) + 1)
    said = [f"{writer.slot('grant')}公开{first}{writer.unit}"]
    said += [f"{word}{value}{writer.unit}" for word, value in zip(chosen, others, strict=True)]
    text = f"{writer.slot('answered')}{writer.slot('request')}{done}{writer.unit}，其中{writer.pick(['，', '、']).join(said)}"
    cells = {f"requests/{LINES[word]}/total": value for word, value in zip(chosen, others, strict=True)}
    return text, {"requests/processed_total/total": done, "requests/granted/total": first} | cells


def together(writer: Writer) -> tuple[str, Cells]:
    """收到20件,予以公开(含部分公开)12件."""
    new = writer.number(30)
    both = writer.number(2, 29)
    how = writer.pick([f"{writer.slot('grant')}公开（含部分公开）", "公开或部分公开", f"{writer.slot('grant')}公开和部分公开"])
    text = f"{writer.received(new)}，{how}{both}{writer.unit}"
    return text, {"requests/new/total": new, "requests/granted+partly_granted/total": both}


def applicants(writer: Writer) -> tuple[str, Cells]:
    """收到20件,其中自然人12件,企业8件."""
    new = writer.number(30)
    persons, business = writer.parts(new, 2)
    who = f"{writer.slot('person')}申请{persons}{writer.unit}，{writer.slot('business')}申请{business}{writer.unit}"
    text = f"{writer.received(new)}，其中{who}"
    return text, {"requests/new/total": new, "requests/new/natural_person": persons, "requests/new/commercial": business}


def channels(writer: Writer) -> tuple[str, Cells]:
    """收到20件,其中网上申请12件,来信申请8件。办结20件."""
    new = writer.number(30)
    first, second = writer.parts(new, 2)
    one, other = writer.random.sample(data()["slots"]["channel"], 2)
    text = f"{writer.received(new)}，其中{one}申请{first}{writer.unit}，{other}申请{second}{writer.unit}"
    return f"{text}。{writer.slot('answered')}{new}{writer.unit}", {
        "requests/new/total": new,
        "requests/processed_total/total": new,
    }


def elided(writer: Writer) -> tuple[str, Cells]:
    """收到20件,均已答复."""
    new = writer.number(2)
    how = writer.pick(["均已", "均按期", "全部", "均依法", "已按时", "均在法定期限内予以"])
    answered = writer.pick(["答复", "办结", "回复"])
    return f"{writer.received(new)}，{how}{answered}", {"requests/new/total": new, "requests/processed_total/total": new}


def excepted(writer: Writer) -> tuple[str, Cells]:
    """收到20件,除3件结转外,均已答复."""
    new, out = writer.number(30), writer.number(1, 9)
    how = writer.pick(["结转", "正在办理", "未办结"])
    text = f"{writer.received(new)}，除{out}{writer.unit}{how}外，{writer.pick(['均已', '其余均'])}答复"
    cells = {"new/total": new, "carried_out/total": out, "processed_total/total": new - out}
    return text, {f"requests/{name}": value for name, value in cells.items()}


def compared(writer: Writer) -> tuple[str, Cells]:
    """收到20件,比上年增加3件,增长15%."""
    new, more = writer.number(30), writer.number(1, 9)
    word = writer.pick(["比", "较"]) + writer.slot("last")
    how = writer.pick([f"增加{more}{writer.unit}", f"减少{more}{writer.unit}", f"增长{more}%", f"下降{more}.5%"])
    return f"{writer.received(new)}，{word}{how}", {"requests/new/total": new}


def nothing(writer: Writer) -> tuple[str, Cells]:
    """未收到申请,未发生行政复议."""
    text = f"{writer.pick(NAMES)}{writer.pick(['未', '没有'])}{writer.slot('received')}{writer.slot('request')}"
    none = writer.pick(["未发生因政府信息公开引起的行政复议、行政诉讼", "没有因政府信息公开提起的行政复议和行政诉讼"])
    return f"{text}，{none}", dict.fromkeys(["requests/new/total", *(f"review/{one}/total" for one in REVIEWS.values())], 0)


def reviews(writer: Writer) -> tuple[str, Cells]:
    """因政府信息公开引起的行政复议9件,其中维持5件,纠正4件."""
    word, line = writer.random.choice(list(REVIEWS.items()))
    chosen = writer.random.sample(list(RESULTS), writer.number(2, 4))
    total = writer.number(10)
    values = writer.parts(total, len(chosen))
    said = [f"{name}{value}件" for name, value in zip(chosen, values, strict=True)]
    cells = {f"review/{line}/{RESULTS[name]}": value for name, value in zip(chosen, values, strict=True)}
    return f"因政府信息公开引起的{word}{total}件，其中{'，'.join(said)}", {f"review/{line}/total": total} | cells


def judged(writer: Writer) -> tuple[str, Cells]:
    """因政府信息公开引起的行政复议1件,结果维持."""
    word, line = writer.random.choice(list(REVIEWS.items()))
    total = writer.number(1, 9)
    how, column = writer.random.choice(
        [("均维持", "upheld"), ("结果维持", "upheld"), ("均尚未审结", "pending"), ("正在审理中", "pending")]
    )
    text = f"因政府信息公开引起的{word}{total}{writer.pick(['件', '起', '宗'])}，{how}"
    return text, {f"review/{line}/total": total, f"review/{line}/{column}": total}


def aside(writer: Writer) -> tuple[str, Cells]:
    """收到20件,受理热线30件,予以公开5件."""
    new, granted = writer.number(30), writer.number(1, 29)
    other = f"受理{writer.pick(ASIDE)}{writer.number(401, 900)}件"
    text = f"{writer.received(new)}，{other}，{writer.slot('grant')}公开{granted}{writer.unit}"
    return text, {"requests/new/total": new, "requests/granted/total": granted}


def outside(writer: Writer) -> tuple[str, Cells]:
    """受理热线30件,办结30件."""
    number = writer.number()
    return f"受理{writer.pick(ASIDE)}{number}件，已{writer.pick(['办结', '答复'])}{number}件", {}


def changed(writer: Writer) -> tuple[str, Cells]:
    """申请由30件增至45件."""
    new, before = writer.number(30), writer.number(1, 29)
    return f"{writer.slot('received')}{writer.slot('request')}由{before}{writer.unit}增至{new}{writer.unit}", {
        "requests/new/total": new
    }


def both(writer: Writer) -> tuple[str, Cells]:
    """共办理23件,其中新收20件,上年结转3件."""
    new, carried, unit = writer.number(30), writer.number(1, 9), writer.unit
    verb = writer.pick(["办理", "处理", "受理"])
    how = writer.pick(
        [f"其中新收{new}{unit}，{writer.slot('last')}结转{carried}{unit}", f"含{writer.slot('last')}结转{carried}{unit}"]
    )
    cells = {"new+carried_in/total": new + carried, "carried_in/total": carried} | ({"new/total": new} if "新收" in how else {})
    return f"共{verb}{writer.slot('request')}{new + carried}{unit}，{how}", {f"requests/{name}": of for name, of in cells.items()}


def listed(writer: Writer) -> tuple[str, Cells]:
    """办结20件,其中予以公开、不予公开分别为12件、8件."""
    done = writer.number(30)
    chosen = writer.random.sample(list(LINES), 2)
    first, second = writer.parts(done, 2)
    how = writer.pick(["分别为", "依次为", "分别是"])
    text = f"{writer.slot('answered')}{writer.slot('request')}{done}件，其中{chosen[0]}、{chosen[1]}{how}{first}件、{second}件"
    cells = {LINES[chosen[0]]: first, LINES[chosen[1]]: second, "processed_total": done}
    return text, {f"requests/{line}/total": value for line, value in cells.items()}


def bracketed(writer: Writer) -> tuple[str, Cells]:
    """收到20件(网上申请12件,来信申请8件),均已答复."""
    new = writer.number(30)
    first, second = writer.parts(new, 2)
    one, other = writer.random.sample(data()["slots"]["channel"], 2)
    sources = f"{one}申请{first}{writer.unit}，{other}申请{second}{writer.unit}"
    text = f"{writer.received(new)}（{sources}），均已{writer.pick(['答复', '办结'])}"
    return text, {"requests/new/total": new, "requests/processed_total/total": new}


def documents(writer: Writer) -> tuple[str, Cells]:
    """制发规范性文件6件,废止4件,现行有效18件."""
    issued, repealed, left = writer.number(1, 40), writer.number(1, 9), writer.number(1, 90)
    name, line = writer.random.choice([("行政规范性文件", "normative_documents"), ("政府规章", "rules")])
    verb = writer.pick(["制发", "制定", "新制定", "出台", "印发"])
    text = f"{writer.pick(NAMES)}{verb}{name}{issued}件，废止{repealed}件，现行有效{left}件"
    return text, {f"proactive/{line}/{column}": value for column, value in zip(DONE, (issued, repealed, left), strict=True)}


def points(writer: Writer) -> tuple[str, Cells]:
    """设立2个信息公开申请受理点."""
    what = writer.pick(["受理点", "受理窗口", "受理机构", "受理平台"])
    return f"{writer.pick(['设立', '设置', '开设'])}了{writer.number(1, 60)}个专门的{writer.slot('request')}{what}", {}


def of_persons(writer: Writer) -> tuple[str, Cells]:
    """受理公民、企业申请30件."""
    new, others = writer.number(2), writer.pick(["企业", "法人", "商业主体", "法人和其他组织"])
    received = f"{writer.slot('received')}{writer.slot('person')}、{others}提出的" if writer.number(0, 1) else ""
    return f"{received or '收到公民、企业'}{writer.slot('request')}{new}{writer.unit}", {"requests/new/total": new}


def rest(writer: Writer) -> tuple[str, Cells]:
    """收到20件,除3件结转外,其他17件均已答复."""
    new, out = writer.number(30), writer.number(1, 9)
    how = writer.pick(["其他", "其余", "剩余"])
    text = f"{writer.received(new)}，除{out}{writer.unit}结转外，{how}{new - out}{writer.unit}均已{writer.slot('answered')}"
    cells = {"new/total": new, "carried_out/total": out, "processed_total/total": new - out}
    return text, {f"requests/{name}": value for name, value in cells.items()}


def of_its_own(writer: Writer) -> tuple[str, Cells]:
    """收到7件,其中6件均严格依规答复,1件结转下年."""
    new, out = writer.number(30), writer.number(1, 9)
    how = writer.pick(["均已", "均按期", "均在法定期限内予以", "均严格按时限依法依规"])
    done = f"{new - out}{writer.unit}{how}{writer.pick(['答复', '办结'])}"
    text = f"{writer.received(new)}，其中{done}，{out}{writer.unit}结转{writer.slot('next')}"
    cells = {"new/total": new, "carried_out/total": out, "processed_total/total": new - out}
    return text, {f"requests/{name}": value for name, value in cells.items()}


def messages(writer: Writer) -> tuple[str, Cells]:
    """主动公开信息200条,其中规范性文件3条,行政处罚5条."""
    unit = writer.pick(["条", "篇"])
    whole = f"{writer.pick(['主动公开政府信息', '发布各类政府信息', '公开信息'])}{writer.number(200)}{unit}"
    parts = writer.random.sample(["规范性文件", "部门规章", "行政处罚", "行政许可", "政策解读", "财政预决算"], 3)
    return f"{whole}，其中{'，'.join(f'{part}{writer.number(1, 9)}{unit}' for part in parts)}", {}


def handled(writer: Writer) -> tuple[str, Cells]:
    """新收20件,办理21件(含上年结转3件,另有2件结转下年)."""
    new, carried, out, unit = writer.number(30), writer.number(5, 9), writer.number(1, 4), writer.unit
    done = new + carried - out
    inside = f"含{writer.slot('last')}结转{carried}{unit}，另有{out}{unit}结转{writer.slot('next')}"
    cells = {"new/total": new, "processed_total/total": done, "carried_in/total": carried, "carried_out/total": out}
    return f"{writer.received(new)}，办理{done}{unit}（{inside}）", {f"requests/{name}": value for name, value in cells.items()}


def undone(writer: Writer) -> tuple[str, Cells]:
    """未作出行政处罚,未制发规范性文件."""
    name, line = writer.random.choice([("许可", "licensing"), ("处罚", "penalties"), ("强制措施", "coercive_measures")])
    none = writer.pick(["未制发行政规范性文件", "没有出台规范性文件", "无行政规范性文件制发"])
    text = f"{writer.pick(NAMES)}{writer.pick(['未', '没有'])}作出行政{name}，{none}"
    return text, {f"proactive/{line}/decisions": 0, "proactive/normative_documents/issued": 0}


def told_behind(writer: Writer) -> tuple[str, Cells]:
    """引起的行政复议20件,行政诉讼9件,其中8件行政复议结果纠正,5件行政诉讼获维持."""
    cells: dict[str, int] = {}
    said, parts = [], []
    for word, line in REVIEWS.items():
        total, (how, column) = writer.number(20), writer.random.choice([("结果纠正", "corrected"), ("获维持", "upheld")])
        part = writer.number(2, 9)
        said.append(f"{word}{total}件")
        parts.append(f"{part}件{word}{how}")
        cells |= {f"review/{line}/total": total, f"review/{line}/{column}": part}
    return f"因政府信息公开引起的{'，'.join(said)}，其中{'，'.join(parts)}", cells


def shared(writer: Writer) -> tuple[str, Cells]:
    """办结行政许可9件、行政处罚2件、行政强制1件."""
    chosen = writer.random.sample([("许可", "licensing"), ("处罚", "penalties"), ("强制", "coercive_measures")], 3)
    numbers = [writer.number() for _ in chosen]
    first, *others = [f"行政{name}{value}件" for (name, _), value in zip(chosen, numbers, strict=True)]
    first = writer.pick([f"办结{first}", f"行政{chosen[0][0]}决定{numbers[0]}件"])
    text = f"{writer.pick(NAMES)}{writer.pick(['、', '，']).join([first, *others])}"
    return text, {f"proactive/{line}/decisions": value for (_, line), value in zip(chosen, numbers, strict=True)}


def disputed(writer: Writer) -> tuple[str, Cells]:
    """收到20件,上年结转3件,均按规定答复。年内办结21件,结转下年2件."""
    new, carried, out, unit = writer.number(30), writer.number(5, 9), writer.number(1, 4), writer.unit
    done, how = new + carried - out, writer.pick(["均按规定答复", "均依法予以答复", "全部按期回复"])
    received = f"{writer.received(new)}，{writer.slot('last')}结转{carried}{unit}，{how}"
    cells = {"new/total": new, "carried_in/total": carried, "processed_total/total": done, "carried_out/total": out}
    text = f"{received}。年内办结{done}{unit}，结转{writer.slot('next')}{out}{unit}"
    return text, {f"requests/{name}": of for name, of in cells.items()}


FAMILIES: list[Callable[[Writer], tuple[str, Cells]]] = [
    flow, outcomes, together, applicants, channels, elided, excepted, compared, nothing, reviews, judged, aside, outside,
    changed, both, listed, bracketed, documents, points, of_persons, rest, of_its_own, messages, handled, undone,
    told_behind, shared, disputed,
]  # fmt: skip


def sentences(family: Callable[[Writer], tuple[str, Cells]], count: int) -> Iterator[tuple[str, Cells]]:
    """Yield so many sentences of a family, and what each claims of its year."""
    for seed in range(count):
        text, cells = family(Writer(seed))
        yield f"{text}。", {target: float(value) for target, value in cells.items()}
