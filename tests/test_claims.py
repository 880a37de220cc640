"""What the prose claims: sentences typed for these tests, with the figures that a reader finds in them."""

from __future__ import annotations

import csv
import importlib.util
import sys
from pathlib import Path

import pytest

import govstats
from govstats import embedded

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
TITLE = "某某市人民政府2023年政府信息公开工作年度报告\n一、总体情况\n"

NEW, DONE = "requests/new/total", "requests/processed_total/total"
CARRIED_IN, CARRIED_OUT = "requests/carried_in/total", "requests/carried_out/total"
REVIEWS, LITIGATION = "review/reconsideration/total", "review/litigation/total"

#: A sentence, and the targets and values that it claims of 2023; an empty target has no cell in the tables.
SENTENCES: dict[str, list[tuple[str, float]]] = {
    # a channel's count before the total
    "2023年，通过网站收到申请12件，当面收到4件，全年共收到政府信息公开申请16件，办结15件，结转下年度1件。": [
        ("", 12),
        ("", 4),
        (NEW, 16),
        (DONE, 15),
        (CARRIED_OUT, 1),
    ],
    "收到申请6件（网上申请5件，信函1件），均已在法定期限内办结，其中予以公开3件，信息不存在2件，不予公开1件。": [
        (NEW, 6),
        ("", 5),
        ("", 1),
        (DONE, 6),
        ("requests/granted/total", 3),
        ("requests/unable.not_held/total", 2),
        ("requests/refused/total", 1),
    ],
    # comparisons are no levels
    "全年收到政府信息公开申请112件，比2022年增加12件，达到112件。": [(NEW, 112), (NEW, 112)],
    "收到政府信息公开申请1,024件，同比增长12.5%，全部按时答复。": [(NEW, 1024), (DONE, 1024)],
    "政府信息公开申请受理量为25件，较上年减少5件，下降16.7%。": [(NEW, 25)],
    # other words for a piece, other words for to receive and to answer
    "共收到政府信息公开申请112宗，办结110宗，结转下年2宗。": [(NEW, 112), (DONE, 110), (CARRIED_OUT, 2)],
    "本年度共接收依申请公开１５条，答复一十四条。": [(NEW, 15), (DONE, 14)],
    "收到并答复政府信息公开申请16件。": [(NEW, 16), (DONE, 16)],
    "全年受理16件依申请公开，其中13件予以公开，3件不予公开。": [
        (NEW, 16),
        ("requests/granted/total", 13),
        ("requests/refused/total", 3),
    ],
    # results of reviews
    "因政府信息公开被申请行政复议5件，其中结果维持3件，结果纠正1件，尚未审结1件；行政诉讼2起，均为维持。": [
        (REVIEWS, 5),
        ("review/reconsideration/upheld", 3),
        ("review/reconsideration/corrected", 1),
        ("review/reconsideration/pending", 1),
        (LITIGATION, 2),
        ("review/litigation/upheld", 2),
    ],
    "未经复议直接起诉2件，复议后起诉1件。": [
        ("review/litigation_direct/total", 2),
        ("review/litigation_after_reconsideration/total", 1),
    ],
    "涉行政复议、行政诉讼案件43件。": [("", 43)],
    # nothing
    "本年度未收到政府信息公开申请，未发生因政府信息公开引起的行政复议和行政诉讼。": [(NEW, 0), (REVIEWS, 0), (LITIGATION, 0)],
    "我局收到政府信息公开申请、行政复议、行政诉讼均为0。": [(NEW, 0), (REVIEWS, 0), (LITIGATION, 0)],
    "没有公民、法人和其他组织向我局提出政府信息公开申请。": [(NEW, 0)],
    "无因政府信息公开申请行政复议、提起行政诉讼的情况。": [(REVIEWS, 0), (LITIGATION, 0)],
    "未收到有关政府信息公开行政复议申请。": [(REVIEWS, 0)],
    "无结转下年度办理的申请。": [(CARRIED_OUT, 0)],
    # figures in their parts
    "上年结转政府信息公开申请3件，本年新收25件，其中公民20件，法人及其他组织5件；其他处理2件。": [
        (CARRIED_IN, 3),
        (NEW, 25),
        ("requests/new/natural_person", 20),
        ("requests/new/organisations", 5),
        ("requests/other/total", 2),
    ],
    "共收到政府信息公开申请8件，均为自然人申请。": [(NEW, 8), ("requests/new/natural_person", 8)],
    "收到自然人申请7件、商业企业申请2件，共计9件。": [
        ("requests/new/natural_person", 7),
        ("requests/new/commercial", 2),
        (NEW, 9),
    ],
    "予以公开及部分公开42件。": [("", 42)],
    "办结政府信息公开申请31件。按谁来申请分，自然人27件，法人或其他组织4件。": [
        (DONE, 31),
        ("requests/processed_total/natural_person", 27),
        ("requests/processed_total/organisations", 4),
    ],
    # documents
    "制发行政规范性文件6件，废止4件，现行有效18件。": [
        ("proactive/normative_documents/issued", 6),
        ("proactive/normative_documents/repealed", 4),
        ("proactive/normative_documents/in_force", 18),
    ],
    "公开行政许可结果信息34条，行政处罚结果信息1条。": [
        ("proactive/licensing/decisions", 34),
        ("proactive/penalties/decisions", 1),
    ],
    "主动公开政府信息478条。": [("", 478)],
    "全年收取信息处理费0元。": [("", 0)],
    # traditional characters with pinyin
    "市統(tǒng)計(jì)局受理政府信息公開申請(qǐng)8件，答復(fù)８件。": [(NEW, 8), (DONE, 8)],
    # none of the tables' business
    "受理“12345”热线84个，县长信箱有效信件3件，已办结3件，办结率100%。": [],
    "办理人大建议12件、政协提案9件，全部按时答复。": [],
    "按照《2022年政务公开工作要点（收到申请18件）》（某政办〔2022〕12号）第20条开展工作。": [],
    "公众号关注人数1.5万人，全年点击量20万次。": [],
    "申请人无正当理由逾期不补正的，行政机关不再处理。": [],
}


#: Ways of saying it that agencies have, and the cells of 2023 that are claimed; what is only near to disclosure claims none.
CELLS: dict[str, dict[str, float]] = {
    "收到政府信息公开申请4件，涉及土地征收2件、房屋拆迁1件、工程招标1件。": {NEW: 4},
    "通过网站、微信公众号等方式收到政府信息公开申请7件，对接企业12家。": {NEW: 7},
    "2023年，全省各级行政机关共收到政府信息公开申请23456件，上年结转1234件，办结23890件，结转下年度继续办理800件。": {
        NEW: 23456,
        CARRIED_IN: 1234,
        DONE: 23890,
        CARRIED_OUT: 800,
    },
    "全省行政机关新收政府信息公开申请1.2万件，办结1.1万余件。": {NEW: 12000, DONE: 11000},
    "当年受理申请12件，上年结转1件，办结13件，结转下年0件。": {NEW: 12, CARRIED_IN: 1, DONE: 13, CARRIED_OUT: 0},
    "收到申请数为12，其中自然人10，法人2。": {NEW: 12},
    "政府信息公开申请受理12（件），答复12（件）。": {NEW: 12, DONE: 12},
    "2023年我镇依申请公开工作实现零申请。": {NEW: 0},
    "全年收到政府信息公开申请无一例。": {NEW: 0},
    "收到依申请公开件由30件增至45件。": {NEW: 45},
    "政府信息公开申请量同比增长12%，达到560件。": {NEW: 560},
    "未按时答复0件，按时办结率100%。": {},
    "共受理政府信息公开申请25件，自然人、法人或其他组织申请分别为20件、5件。": {
        NEW: 25,
        "requests/new/natural_person": 20,
        "requests/new/organisations": 5,
    },
    "办结6件，其中予以公开、部分公开、不予公开分别为3、2、1件。": {
        "requests/granted/total": 3,
        "requests/partly_granted/total": 2,
        "requests/refused/total": 1,
    },
    "行政复议、行政诉讼分别为3件、2件。": {REVIEWS: 3, LITIGATION: 2},
    "被提起行政复议3件，复议机关均维持原行政行为。": {REVIEWS: 3, "review/reconsideration/upheld": 3},
    "2023年，我部收到政府信息公开申请1080件，较2022年下降8%；加上上年结转的21件，共办理1101件，办结1075件，结转2024年26件。": {
        NEW: 1080,
        CARRIED_IN: 21,
        DONE: 1075,
        CARRIED_OUT: 26,
    },
    "共收悉政府信息公开申请7宗，均在法定时限内予以答复。": {NEW: 7, DONE: 7},
    "申请内容主要涉及征地拆迁12件、财政预算3件、规划许可5件。": {},
    "从申请渠道看，当面申请2件，邮寄申请3件，网络申请10件。": {},
    "从办理结果看，予以公开8件，部分公开1件，无法提供5件（其中本机关不掌握相关政府信息4件，没有现成信息需要另行制作1件）。": {
        "requests/granted/total": 8,
        "requests/partly_granted/total": 1,
        "requests/unable/total": 5,
        "requests/unable.not_held/total": 4,
        "requests/unable.needs_creation/total": 1,
    },
    "其他处理5件，均为申请人逾期不补正。": {"requests/other/total": 5, "requests/other.correction_overdue/total": 5},
    "全年政府信息公开零投诉、零复议、零诉讼。": {REVIEWS: 0, LITIGATION: 0},
    "无人申请政府信息公开。": {NEW: 0},
    "全年市政府新发文件230件，其中主动公开200件，依申请公开20件，不予公开10件。": {},
    "制作公文120件，属主动公开80件、依申请公开10件、不予公开30件。": {},
    "针对政府信息公开的行政复议12件，其中维持具体行政行为8件，被依法纠错1件，其他3件。": {
        REVIEWS: 12,
        "review/reconsideration/upheld": 8,
        "review/reconsideration/corrected": 1,
        "review/reconsideration/other": 3,
    },
    "收到申请23件，其中1件因申请人补正未结，结转2024年办理，其余22件均已答复。": {NEW: 23, DONE: 22},
    "今年新增依申请公开件17件，去年遗留3件，办毕19件，跨年办理1件。": {NEW: 17, CARRIED_IN: 3, DONE: 19, CARRIED_OUT: 1},
    "共结转政府信息公开申请6件至下年度办理。": {CARRIED_OUT: 6},
    "全年12件依申请公开均已办结。": {DONE: 12},
    "2023年我局办理行政复议案件30件、行政应诉案件12件，开展普法宣传40场次。": {},
    "一年来，全县共受理行政复议申请56件，审结50件，法律援助120件。": {},
    "作出行政处罚决定35件，行政强制措施3件。": {"proactive/penalties/decisions": 35, "proactive/coercive_measures/decisions": 3},
    "行政许可申请受理56件，准予许可50件，不予许可6件。": {},
    "受理专利申请12件，商标申请5件。": {},
    "审核拟公开信息300条，不予公开2条。": {},
    "通过系统收到网上申请20件，线下申请5件，共计25件。": {NEW: 25},
    "近三年分别收到申请12件、15件、20件。": {},
    "共收到依申请公开申请贰件。": {NEW: 2},
    "行政复议被纠错0件，行政诉讼败诉0件。": {"review/reconsideration/corrected": 0, "review/litigation/corrected": 0},
    "政府信息公开行政诉讼一审2件、二审1件。": {},
    "本年度收到政府信息公开申请12件，答复12件，其中按时答复12件，延期答复0件。": {NEW: 12, DONE: 12},
    "本年度收到政府信息公开申请12件，均为网络申请，全部为自然人，均予以公开。": {
        NEW: 12,
        "requests/new/natural_person": 12,
        "requests/granted/total": 12,
    },
    "政府信息公开申请收到量和办结量均为15件。": {NEW: 15, DONE: 15},
    "共受理并按期办结政府信息公开申请15件。": {NEW: 15, DONE: 15},
    "全年共收到申请12件，其中县政府办公室5件，自然资源局4件，住建局3件。": {NEW: 12},
    "行政复议和行政诉讼情况：无。": {REVIEWS: 0, LITIGATION: 0},
    "未出现一例因信息公开引发的行政复议。": {REVIEWS: 0},
    "2023年，因政府信息公开引发行政复议案件4件、行政诉讼案件1件，均无被纠错。": {
        REVIEWS: 4,
        LITIGATION: 1,
        "review/reconsideration/corrected": 0,
        "review/litigation/corrected": 0,
    },
    "2023年行政机关因政府信息公开被提起行政诉讼9件（其中未经复议直接起诉5件，复议后起诉4件），结果维持7件，尚未审结2件。": {
        LITIGATION: 9,
        "review/litigation_direct/total": 5,
        "review/litigation_after_reconsideration/total": 4,
        "review/litigation/upheld": 7,
        "review/litigation/pending": 2,
    },
    "公开行政许可和行政处罚信息230条。": {},
    "2021年至2023年，共收到政府信息公开申请150件。": {},
    "清理规范性文件56件，其中废止3件，继续有效50件。": {
        "proactive/normative_documents/repealed": 3,
        "proactive/normative_documents/in_force": 50,
    },
    "全年行政事业性收费20.3万元。": {"proactive/administrative_fees/amount": 20.3},
    "接收依申请公开件18件，转办12件，答复6件。": {NEW: 18, DONE: 6},
    "全年因政府信息公开申请引起的行政复议案件2宗，其中1宗维持，1宗被责令重新答复；无行政诉讼案件。": {
        REVIEWS: 2,
        "review/reconsideration/upheld": 1,
        LITIGATION: 0,
    },
    "我厅作为被告的政府信息公开行政诉讼案件3件，均胜诉。": {LITIGATION: 3, "review/litigation/upheld": 3},
    "劳动保障监察受理投诉45件；调解仲裁受理申请67件；信息公开申请2件，均已答复。": {NEW: 2, DONE: 2},
    "在县政府网站公开政府信息1,560条，其中依申请公开指南1条。": {},
    "全年共收到公民、法人或者其他组织政府信息公开申请二十三件，办结二十二件，结转一件。": {NEW: 23, DONE: 22, CARRIED_OUT: 1},
    "政府信息公开申请和行政复议、诉讼各1件。": {NEW: 1, REVIEWS: 1, LITIGATION: 1},
    "答复申请9件，其中予以公开、无法提供、其他处理依次为5件、3件、1件。": {
        DONE: 9,
        "requests/granted/total": 5,
        "requests/unable/total": 3,
        "requests/other/total": 1,
    },
    "在已办结的409件申请中，同意公开180件、占44%，部分公开33件、占8.1%，不同意公开29件，因本机关不掌握等原因无法提供121件，不予处理26件，其他20件。": {
        DONE: 409,
        "requests/granted/total": 180,
        "requests/partly_granted/total": 33,
        "requests/refused/total": 29,
        "requests/unable/total": 121,
        "requests/not_processed/total": 26,
        "requests/other/total": 20,
    },
    "（二）依申请公开。今年以来，市政府办公室共受理各类政府信息公开申请86件次，按期答复率100%。其中，属于公开范围予以公开的31件，涉及第三方合法权益不予公开的2件，信息不存在的14件，告知向其他机关提出申请的27件，重复申请不予处理的5件，延期答复的6件。": {
        NEW: 86,
        "requests/granted/total": 31,
        "requests/refused.third_party_rights/total": 2,
        "requests/unable.not_held/total": 14,
        "requests/not_processed.repeated/total": 5,
    },
    "我县2023年共受理依申请公开事项57宗（其中网上申请41宗，邮寄12宗，窗口4宗），较去年多9宗；办结55宗，余2宗结转至2024年。": {
        NEW: 57,
        DONE: 55,
        CARRIED_OUT: 2,
    },
    "本单位全年新收依申请公开件12件，上年结转0件，当年办结12件，无结转下年度件。因政府信息公开被申请行政复议1件，复议机关维持1件；无行政诉讼案件。": {
        NEW: 12,
        CARRIED_IN: 0,
        DONE: 12,
        CARRIED_OUT: 0,
        REVIEWS: 1,
        "review/reconsideration/upheld": 1,
        LITIGATION: 0,
    },
    "2023年度，本机关制定规章2件，修改规章3件，废止规章1件，现行有效规章28件；制发行政规范性文件17件，废止行政规范性文件9件，现行有效行政规范性文件203件。": {
        "proactive/rules/issued": 2,
        "proactive/rules/repealed": 1,
        "proactive/rules/in_force": 28,
        "proactive/normative_documents/issued": 17,
        "proactive/normative_documents/repealed": 9,
        "proactive/normative_documents/in_force": 203,
    },
    "办理人大代表建议18件、政协委员提案22件，办理答复率、满意率均为100%。依申请公开收件15件，全部在法定时限内答复申请人。": {
        NEW: 15,
        DONE: 15,
    },
    "本年度本街道共登记政府信息公开申请11条，作出答复11条，其中全部公开5条，部分公开1条，不予公开（三类内部事务信息）1条，无法提供4条。": {
        NEW: 11,
        DONE: 11,
        "requests/granted/total": 5,
        "requests/partly_granted/total": 1,
        "requests/refused.internal_affairs/total": 1,
        "requests/unable/total": 4,
    },
    "2023年我区共发生涉及政府信息公开的行政复议14起，其中9起维持、2起责令限期答复、3起正在审理；行政诉讼6起，驳回原告诉讼请求4起，其余2起尚未审结。": {
        REVIEWS: 14,
        "review/reconsideration/upheld": 9,
        "review/reconsideration/pending": 3,
        LITIGATION: 6,
        "review/litigation/upheld": 4,
        "review/litigation/pending": 2,
    },
    "全年共办理依申请公开一百零二件，同比下降百分之五，其中予以公开四十六件、部分公开十一件、不予公开八件、无法提供三十件、不予处理七件。": {
        DONE: 102,
        "requests/granted/total": 46,
        "requests/partly_granted/total": 11,
        "requests/refused/total": 8,
        "requests/unable/total": 30,
        "requests/not_processed/total": 7,
    },
    "2023年，校信息公开办公室共受理校内外信息公开申请10件，其中校内申请4件，校外申请6件。所有申请均按规定予以答复。因信息公开引起行政复议、诉讼0件。": {
        NEW: 10,
        DONE: 10,
        REVIEWS: 0,
        LITIGATION: 0,
    },
    "全年通过政务新媒体发布信息3200条，解读政策文件45篇，回应公众关注热点28次，收到网民留言118条，办结118条。通过依申请公开渠道收到申请件９件，已办理完毕９件。": {
        NEW: 9,
        DONE: 9,
    },
    "依申请公开方面，我委坚持便民原则，认真做好受理、审核、答复各环节工作，2023年共办理申请76件，去年同期为81件，其中74件当年办结，2件转入下年。": {
        DONE: 74,
        CARRIED_OUT: 2,
    },
    "市公安局全年受理依申请公开236件，其中不予公开58件（含国家秘密3件，第三方合法权益12件，行政执法案卷38件，行政查询事项5件），无法提供92件（含本机关不掌握88件，补正后仍不明确4件）。": {
        NEW: 236,
        "requests/refused/total": 58,
        "requests/refused.state_secret/total": 3,
        "requests/refused.third_party_rights/total": 12,
        "requests/refused.enforcement_files/total": 38,
        "requests/refused.administrative_inquiry/total": 5,
        "requests/unable/total": 92,
        "requests/unable.not_held/total": 88,
        "requests/unable.unclear_after_correction/total": 4,
    },
    "我厅2023年度共收到信息公开申请64件，加上2022年结转的2件，总计66件，截至年底办结65件、结转下一年度1件。": {
        NEW: 64,
        CARRIED_IN: 2,
        DONE: 65,
        CARRIED_OUT: 1,
    },
    "2023年行政复议1件（维持），行政诉讼3件（其中1件未经复议直接起诉，2件复议后起诉），结果均为维持。": {
        REVIEWS: 1,
        "review/reconsideration/upheld": 1,
        LITIGATION: 3,
        "review/litigation_direct/total": 1,
        "review/litigation_after_reconsideration/total": 2,
        "review/litigation/upheld": 3,
    },
    "2023年，我局没有收到政府信息公开申请，没有因政府信息公开申请引发的行政复议和行政诉讼案件，上年也无结转申请。": {
        NEW: 0,
        REVIEWS: 0,
        LITIGATION: 0,
        CARRIED_IN: 0,
    },
    "全年收到公开申请18件，除2件在办外，其余16件均已办结答复。": {NEW: 18, DONE: 16, CARRIED_OUT: 2},
    "今年共收到政府信息公开方面的行政复议3件，行政诉讼零件；受理信访事项112件。": {REVIEWS: 3, LITIGATION: 0},
    "申请答复情况：全年共办结1198件（含上年结转14件），其中“予以公开”405件，“部分公开”102件，“不予公开”151件，“无法提供”387件，“不予处理”61件，“其他处理”92件。": {
        DONE: 1198,
        CARRIED_IN: 14,
        "requests/granted/total": 405,
        "requests/partly_granted/total": 102,
        "requests/refused/total": 151,
        "requests/unable/total": 387,
        "requests/not_processed/total": 61,
        "requests/other/total": 92,
    },
    "从申请主体看，自然人申请79件，占92.9%；法人和其他组织申请6件，占7.1%。": {
        "requests/new/natural_person": 79,
        "requests/new/organisations": 6,
    },
    "全年办理政府信息公开行政复议答复案件8件，已审结6件，其中维持5件、撤销1件；正在审理2件。": {
        REVIEWS: 8,
        "review/reconsideration/upheld": 5,
        "review/reconsideration/corrected": 1,
        "review/reconsideration/pending": 2,
    },
    "规范性文件管理：全年新发行政规范性文件12件，其中区政府规范性文件5件，部门规范性文件7件；宣布失效3件，废止2件；截至年底现行有效86件。": {
        "proactive/normative_documents/issued": 12,
        "proactive/normative_documents/in_force": 86,
    },
    "全年通过门户网站公开信息2,310条，其中规范性文件8件、政策解读26条。办理网上咨询投诉315件，答复率100%。": {
        "proactive/normative_documents/issued": 8
    },
    "我局2023年共办理行政许可4.6万件，行政处罚1,056件，均按“双公示”要求公开。": {},
    "作出行政许可决定4.6万件，作出行政处罚决定1,056件，实施行政强制28次，收取行政事业性收费1,203.55万元。": {
        "proactive/licensing/decisions": 46000,
        "proactive/penalties/decisions": 1056,
        "proactive/coercive_measures/decisions": 28,
        "proactive/administrative_fees/amount": 1203.55,
    },
    "一年来，未收到群众要求公开信息的申请，未发生举报、投诉、行政复议和诉讼。": {NEW: 0, REVIEWS: 0, LITIGATION: 0},
    "收到申请131件。截至2023年底，已答复128件，较上年同期增加9件；其余3件未到答复期限，结转2024年继续办理。": {
        NEW: 131,
        DONE: 128,
        CARRIED_OUT: 3,
    },
    "本级政府信息公开申请收件55件；各镇（街）收件28件。": {NEW: 55},
    "本年新收政府信息公开申请数量14件，上年结转政府信息公开申请数量1件，本年度办理结果总计15件，结转下年度继续办理0件。": {
        NEW: 14,
        CARRIED_IN: 1,
        DONE: 15,
        CARRIED_OUT: 0,
    },
    "2023年，街道未收到政府信息公开申请，无上年度结转及下年度结转情况。": {NEW: 0, CARRIED_IN: 0, CARRIED_OUT: 0},
    "全年共公开行政规范性文件3件、其他文件41件；发布政务动态862条；政策解读率100%。": {"proactive/normative_documents/issued": 3},
    "全年共受理依申请公开35件，同期减少4件；答复34件，其中按照《条例》规定予以公开20件，不属于本行政机关公开11件，信息不存在3件；未办结1件。": {
        NEW: 35,
        DONE: 34,
        "requests/granted/total": 20,
        "requests/unable.not_held/total": 3,
        CARRIED_OUT: 1,
    },
    "上半年收到申请6件，下半年收到申请9件，全年合计15件，均已办结。": {NEW: 15, DONE: 15},
    "行政复议方面，全年共发生2起，其中1起被撤销，1起维持原答复。行政诉讼方面，全年共发生1起，法院判决驳回原告诉请。": {
        REVIEWS: 2,
        "review/reconsideration/corrected": 1,
        "review/reconsideration/upheld": 1,
        LITIGATION: 1,
        "review/litigation/upheld": 1,
    },
    "2023年共收到政府信息公开申请53件，已全部办结，办结率100%，其中：网站申请40件、现场申请8件、邮寄申请5件；按申请人分，个人申请50件，企业申请3件。": {
        NEW: 53,
        DONE: 53,
        "requests/new/natural_person": 50,
        "requests/new/commercial": 3,
    },
    "政府信息公开申请办理情况:本年度受理2件,办结2件,上年结转0件,结转下年0件。行政复议、行政诉讼情况:均无。": {
        NEW: 2,
        DONE: 2,
        CARRIED_IN: 0,
        CARRIED_OUT: 0,
        REVIEWS: 0,
        LITIGATION: 0,
    },
    "按照处理结果统计：予以公开100件，部分公开21件，不予公开33件（属于三类内部事务信息8件、属于四类过程性信息15件、属于行政查询事项10件），无法提供60件，不予处理19件，其他处理10件。": {
        "requests/granted/total": 100,
        "requests/partly_granted/total": 21,
        "requests/refused/total": 33,
        "requests/refused.internal_affairs/total": 8,
        "requests/refused.process_information/total": 15,
        "requests/refused.administrative_inquiry/total": 10,
        "requests/unable/total": 60,
        "requests/not_processed/total": 19,
        "requests/other/total": 10,
    },
    "因政府信息公开工作引起的行政复议案件7件，比上年增加2件，行政诉讼案件1件，与上年持平。": {REVIEWS: 7, LITIGATION: 1},
    "年内制定市政府规章1部、行政规范性文件11件，全部主动公开并同步解读；废止行政规范性文件6件。": {
        "proactive/rules/issued": 1,
        "proactive/normative_documents/issued": 11,
        "proactive/normative_documents/repealed": 6,
    },
    "收到信息公开申请17条，去年结转3条，共计20条，其中公开14条，部分公开2条，无法提供4条。": {
        NEW: 17,
        CARRIED_IN: 3,
        "requests/granted/total": 14,
        "requests/partly_granted/total": 2,
        "requests/unable/total": 4,
    },
    "通过县政府门户网站依申请公开系统受理申请6条，邮寄受理2条，窗口受理1条，总计9条，办结9条。": {NEW: 9, DONE: 9},
    "2023年，我区政府信息公开申请受理总量、答复总量分别为530件、522件。": {NEW: 530, DONE: 522},
    "收到举报电话312个、群众来信46封、政府信息公开申请3封，均已处理。": {NEW: 3, DONE: 3},
    "我处全年未收到公民、法人和其他组织提交的书面或网络形式政府信息公开申请，收取费用0元，减免费用0元。": {NEW: 0},
    "2023年度共收到2件政府信息公开申请，1件为自然人通过网络提交，1件为律师事务所通过信函提交，均在法定时限内作出答复。": {
        NEW: 2,
        "requests/new/natural_person": 1,
        "requests/new/legal": 1,
        DONE: 2,
    },
    "新增行政规范性文件8份，废止2份，保留63份。": {
        "proactive/normative_documents/issued": 8,
        "proactive/normative_documents/repealed": 2,
        "proactive/normative_documents/in_force": 63,
    },
    "2023年我市两级法院审结涉政府信息公开行政案件21件，其中判决行政机关败诉3件。我市发生政府信息公开行政诉讼21件，败诉3件。": {
        LITIGATION: 21,
        "review/litigation/corrected": 3,
    },
    "2023年共办结依申请公开33件，其中按时办结33件，按时办结率100%；因申请内容不明确告知作出更改补充5件。": {DONE: 33},
    "2023年，共收到政府信息公开申请95件，其中，88件申请人为自然人，5件申请人为商业企业，2件申请人为其他组织。": {
        NEW: 95,
        "requests/new/natural_person": 88,
        "requests/new/commercial": 5,
        "requests/new/other": 2,
    },
    "制发规范性文件0件。未新增行政规范性文件，现行有效规范性文件3件。": {
        "proactive/normative_documents/issued": 0,
        "proactive/normative_documents/in_force": 3,
    },
    "其中，通过“某某网”公布政府信息512条，向档案馆移送文件33件。收到政府信息公开申请0件，不存在结转下年度继续办理的情况。": {
        NEW: 0,
        CARRIED_OUT: 0,
    },
    "今年共处理上年结转2件、当年收到30件政府信息公开申请，当年办结31件，剩余1件结转下年。": {
        CARRIED_IN: 2,
        NEW: 30,
        DONE: 31,
        CARRIED_OUT: 1,
    },
    "行政复议2件：结果维持1件、其他结果1件；行政诉讼1件：尚未审结1件。": {
        REVIEWS: 2,
        "review/reconsideration/upheld": 1,
        "review/reconsideration/other": 1,
        LITIGATION: 1,
        "review/litigation/pending": 1,
    },
    "2.依申请公开。全年共收到政府信息公开申请9件，均已按照法定时限答复，按时答复率100%，未发生行政复议纠错或行政诉讼败诉情况。": {
        NEW: 9,
        DONE: 9,
        "review/reconsideration/corrected": 0,
        "review/litigation/corrected": 0,
    },
    "市自然资源局2023年度受理信息公开申请302件（含结转7件），答复296件，行政复议23件，行政诉讼11件。": {
        NEW: 302,
        CARRIED_IN: 7,
        DONE: 296,
        REVIEWS: 23,
        LITIGATION: 11,
    },
    "全年没有收到要求提供政府信息的申请，也没有因政府信息公开引发的行政复议或行政诉讼案件。": {NEW: 0, REVIEWS: 0, LITIGATION: 0},
    "行政复议机关受理我局政府信息公开类行政复议案件3件，维持2件，终止1件；人民法院受理我局政府信息公开类行政诉讼案件1件，尚在审理中。": {
        REVIEWS: 3,
        "review/reconsideration/upheld": 2,
        LITIGATION: 1,
        "review/litigation/pending": 1,
    },
    "2023年全区各单位共主动公开政府信息25,673条，全区政府信息公开申请总量为403件；区政府办公室受理82件，同比增长15.5%。": {
        NEW: 403
    },
    "全年主动公开文件123件，依申请公开文件4件，受理依申请公开申请1件，予以公开。": {NEW: 1},
    "截至年末，受理申请数量31件，办结数量30件，1件跨年办理。": {NEW: 31, DONE: 30, CARRIED_OUT: 1},
    "2023年收到政府信息公开申请121件，与去年基本持平，当年答复119件，另有2件于2024年1月答复。": {NEW: 121, DONE: 119},
    "因政府信息公开被提起行政复议1件，复议结果为撤销并责令重新作出答复；被提起行政诉讼2件，其中1件原告撤诉，1件法院驳回起诉。": {
        REVIEWS: 1,
        "review/reconsideration/corrected": 1,
        LITIGATION: 2,
        "review/litigation/upheld": 1,
    },
    "政府信息公开申请情况：收到申请0件。受理情况：0件。答复情况：0件。复议情况：0件。诉讼情况：0件。": {
        NEW: 0,
        DONE: 0,
        REVIEWS: 0,
        LITIGATION: 0,
    },
    "其中不予公开的2件分别涉及第三方合法权益1件、行政执法案卷1件。": {
        "requests/refused/total": 2,
        "requests/refused.third_party_rights/total": 1,
        "requests/refused.enforcement_files/total": 1,
    },
    "全年新收到申请10件（自然人10件），已办结10件（全部公开4件、部分公开1件、无法提供5件），无上年结转和结转下年情形。": {
        NEW: 10,
        "requests/new/natural_person": 10,
        DONE: 10,
        "requests/granted/total": 4,
        "requests/partly_granted/total": 1,
        "requests/unable/total": 5,
        CARRIED_IN: 0,
        CARRIED_OUT: 0,
    },
    "今年以来，累计受理依申请公开57件，同比下降12.3%，目前已办结56件，正在办理1件，无超期办理。": {
        NEW: 57,
        DONE: 56,
        CARRIED_OUT: 1,
    },
    "市市场监管局全年受理消费投诉2.3万件，办理企业登记申请1.8万件，收到政府信息公开申请97件，答复94件，其余3件结转下年度。": {
        NEW: 97,
        DONE: 94,
        CARRIED_OUT: 3,
    },
    "2023年度受理不动产登记信息查询申请4,500件，土地出让公告12期；本年度政府信息公开申请量为9件，予以公开率为66.7%。": {NEW: 9},
    "本院（检察院）全年发布程序性信息1,200条、法律文书580份。收到信息公开申请2件，均已答复。": {NEW: 2, DONE: 2},
    "收到申请30件，其中一次性告知补正5件，实际受理28件，答复27件，撤回1件。": {NEW: 30, DONE: 27},
    "我局2023年收到并办结依申请公开2件（均为网络申请），答复结果为“信息不存在”1件、“予以公开”1件。没有发生行政复议、行政诉讼情况。": {
        NEW: 2,
        DONE: 2,
        "requests/unable.not_held/total": 1,
        "requests/granted/total": 1,
        REVIEWS: 0,
        LITIGATION: 0,
    },
    "2023年全年未收到依申请公开件，未产生依申请公开收费，未因政府信息公开申请行政复议、提起行政诉讼。": {
        NEW: 0,
        REVIEWS: 0,
        LITIGATION: 0,
    },
    "2023年，全县制发行政规范性文件15件（其中以县政府名义制发6件，以县政府办名义制发9件），废止12件，修改3件，现行有效121件。": {
        "proactive/normative_documents/issued": 15,
        "proactive/normative_documents/repealed": 12,
        "proactive/normative_documents/in_force": 121,
    },
    "不予处理17件（信访举报投诉类申请11件，重复申请5件，要求提供公开出版物1件），其他处理6件（申请人逾期不补正4件，申请人主动撤回2件）。": {
        "requests/not_processed/total": 17,
        "requests/not_processed.petition/total": 11,
        "requests/not_processed.repeated/total": 5,
        "requests/not_processed.public_publication/total": 1,
        "requests/other/total": 6,
        "requests/other.correction_overdue/total": 4,
    },
    "全市两级行政机关因信息公开被提起行政诉讼共计33起，其中判决维持或驳回22起，撤销或确认违法4起，其他2起，正在审理5起。": {
        LITIGATION: 33,
        "review/litigation/upheld": 22,
        "review/litigation/corrected": 4,
        "review/litigation/other": 2,
        "review/litigation/pending": 5,
    },
    "本年度办理公开申请事项共47项，比上年增加9项，涉及征地拆迁33项，财政资金5项，其他9项。": {DONE: 47},
}


def read(sentence: str, *, title: str = TITLE) -> govstats.Report:
    return govstats.read(f"{title}{sentence}\n".encode())


@pytest.mark.parametrize("sentence", SENTENCES)
def test_figures_that_a_reader_finds(sentence: str) -> None:
    claims = read(sentence).claims
    levels = claims[~claims["qualifier"].isin(["change", "growth"])]
    assert list(zip(levels["target"], levels["value"].astype(float), strict=True)) == SENTENCES[sentence]
    assert set(levels["year"]) <= {2023}


@pytest.mark.parametrize("sentence", CELLS)
def test_cells_that_a_reader_finds(sentence: str) -> None:
    claims = read(sentence).claims
    levels = claims[(claims["target"] != "") & ~claims["qualifier"].isin(["change", "growth"])]
    assert set(zip(levels["target"], levels["value"].astype(float), strict=True)) == set(CELLS[sentence].items())


@pytest.mark.parametrize(
    "text",
    [
        "收到申请12件(" * 300,
        "其中自然人申请3件(网上5件,信函1件)办结2件" * 200,
        "1,234," * 500,
        "零一二" * 900,
        "未收到" * 500,
        "、分别为" * 400,
        "《（" * 400,
    ],
)
def test_no_text_is_too_odd(text: str) -> None:
    report = read(text)
    assert all(report.text[one.start : one.end] == one.quote for one in report.read_claims)


def test_a_quote_is_where_its_offsets_say() -> None:
    report = read("（二）依申请公开。全年收到政府信息公开申请112件，比2022年增加12件，办结约100件。")
    assert report.claims["quote"].tolist() == ["全年收到政府信息公开申请112件", "比2022年增加12件", "办结约100件"]
    assert all(report.text[one.start : one.end] == one.quote for one in report.read_claims)
    assert report.claims["place"].tolist() == ["line 3"] * 3


def test_words_that_make_an_interval() -> None:
    claims = read("收到政府信息公开申请2780多件，近100件不予公开，超过20件无法提供。").claims
    assert claims[["target", "value", "low", "qualifier"]].values.tolist() == [
        [NEW, 2780.0, 2780.0, "多"],
        ["requests/refused/total", 100.0, 0.0, "近"],
        ["requests/unable/total", 20.0, 21.0, "超过"],
    ]
    assert claims["high"].tolist()[:2] == [2789.0, 99.0]
    assert claims["high"].isna().tolist() == [False, False, True]


def test_comparisons_and_other_years_say_so() -> None:
    claims = read("去年收到申请10件，今年收到申请15件，同比增长50%，较2022年增加5件。").claims
    assert claims[["year", "target", "value", "qualifier"]].values.tolist() == [
        [2022, NEW, 10.0, ""],
        [2023, NEW, 15.0, ""],
        [2023, NEW, 50.0, "growth"],
        [2023, NEW, 5.0, "change"],
    ]


def test_whom_a_figure_is_about() -> None:
    claims = read("全区共收到政府信息公开申请95件，其中本机关17件。通过网络收到申请5件。").claims
    assert claims[["target", "value", "scope"]].values.tolist() == [[NEW, 95.0, "全区"], [NEW, 17.0, "本机关"], ["", 5.0, "网络"]]


def test_a_wrapped_line_goes_on_and_an_item_does_not() -> None:
    assert [one.value for one in read("全年收到政府信息公开\n申请 34 件，上年结转政府信息公开申请\n2 件。").read_claims] == [
        34,
        2,
    ]
    claims = read("（一）受理政府信息公开申请\n（二）主动公开信息\n5条。\n").claims
    assert claims[["target", "value"]].values.tolist() == [["", 5.0]]
    # a heading says what the line under it is about
    assert read("（二）依申请公开\n未收到。\n").claims["target"].tolist() == [NEW]


def test_text_without_prose_claims_nothing() -> None:
    report = govstats.read(
        "某某局2021年政府信息公开工作年度报告\n信息内容\t本年处理决定数量\n行政处罚\t3\n行政强制\t0\n".encode()
    )
    assert report.claims.empty
    assert report.claims.dtypes["value"] == "Float64"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the documents that were transcribed are not in the project")
def test_what_was_transcribed_is_read() -> None:
    specification = importlib.util.spec_from_file_location("claims_benchmark", ROOT / "benchmarks" / "claims.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["claims_benchmark"] = module
    specification.loader.exec_module(module)
    scores = module.score(SHARED)
    assert len(scores) >= 25
    found, missed, wrong = module.totals(scores)
    assert found / (found + missed) >= 0.95
    assert found / (found + wrong) >= 0.98


def test_documents_of_the_corpus_say_what_was_transcribed() -> None:
    """The sentences that the project composes of the published claims, in every format of every report."""
    with (embedded.folder() / "claims.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["target"]]
    for report in embedded.register().to_dict("records"):
        said = {
            (row["target"], float(row["value"]), row["qualifier"] == "growth")
            for row in rows
            if row["document"] == f"reports/{report['slug']}"
        }
        for path in embedded.documents(report["agency"], report["year"]):
            claims = govstats.read(path).read_claims
            assert {(one.target, one.value, one.qualifier == "growth") for one in claims if one.target} == said, path.name
