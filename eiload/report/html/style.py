"""The page's look, light and dark, on a screen, a telephone and paper: one style sheet, no network.

Colours of targets: Okabe & Ito's, which people with any colour vision tell apart (*Color universal
design*, 2008), darkened or lightened for contrast on the page's ground. Green and red never carry a
meaning alone: each verdict has its word.

On a telephone a line of a table stays a line, and a picture as large as its labels need: both are
moved sideways in a box of their own (``scroll``), which is shaded at the side where there is more.
"""

__all__ = ["STYLE"]

STYLE = """\
:root{--bg:#fff;--panel:#f7f8fa;--ink:#1a1f29;--soft:#5b6472;--line:#dde1e7;--grid:#e9ecf0;
--t0:#0067a8;--t1:#c2560a;--t2:#007a5e;--t3:#a8487f;--t4:#8a6d00;--t5:#4455aa;
--good:#12703f;--good-bg:#e3f4ea;--bad:#b3261e;--bad-bg:#fbe9e7;--open:#8a5a00;--open-bg:#fdf3dc;
--warm:#9aa3b0;--shade:#f1f3f6;--more:#c3c9d2;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--bg:#12151b;--panel:#1a1f27;--ink:#e6e9ee;--soft:#9aa4b2;
--line:#323a46;--grid:#262d37;--t0:#56b4e9;--t1:#f0963c;--t2:#2fbf95;--t3:#dd8fbe;--t4:#e0c341;
--t5:#9aa8f0;--good:#5fd394;--good-bg:#12301f;--bad:#ff8a80;--bad-bg:#3a1a18;--open:#f2c14e;
--open-bg:#33290f;--warm:#5d6775;--shade:#1d232c;--more:#4c5665}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1120px;padding:28px 24px 64px;background:var(--bg);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
h1{font-size:24px;line-height:1.3;margin:0 0 6px;font-weight:650;overflow-wrap:anywhere}
h2{font-size:17px;margin:40px 0 6px;font-weight:650}
p,ul{margin:6px 0;max-width:78ch}li{margin:2px 0;overflow-wrap:anywhere}
.sub,.note{color:var(--soft);font-size:13.5px}
.verdict{font-size:18px;line-height:1.45;margin:14px 0 12px;padding:14px 18px;border-radius:8px;
background:var(--panel);border-left:5px solid var(--warm);overflow-wrap:anywhere;max-width:none}
.verdict.good{border-color:var(--good)}.verdict.bad{border-color:var(--bad)}
.verdict.open{border-color:var(--open)}
.badge{display:inline-block;padding:1px 9px;border-radius:11px;font-size:12.5px;font-weight:650;
margin:0 6px 4px 0;border:1px solid currentColor;white-space:nowrap}
.badge.good{color:var(--good);background:var(--good-bg)}
.badge.bad{color:var(--bad);background:var(--bad-bg)}
.badge.open,.badge.emulated{color:var(--open);background:var(--open-bg)}
ul.badges{list-style:none;padding:0;max-width:none}
.scroll{overflow-x:auto;margin:10px 0;
background:linear-gradient(90deg,var(--bg) 45%,transparent) 0 0/36px 100% no-repeat local,
linear-gradient(270deg,var(--bg) 45%,transparent) 100% 0/36px 100% no-repeat local,
linear-gradient(90deg,var(--more),transparent) 0 0/16px 100% no-repeat scroll,
linear-gradient(270deg,var(--more),transparent) 100% 0/16px 100% no-repeat scroll}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th{font-weight:600;color:var(--soft);text-align:left;vertical-align:bottom;white-space:nowrap}
th,td{padding:6px 10px 6px 0;border-bottom:1px solid var(--line)}
td{vertical-align:middle}td.wrap{min-width:11em;overflow-wrap:anywhere}
.right{text-align:right}tr.minor td{color:var(--soft)}th[data-sort]{cursor:pointer}
tr.headline td{font-weight:650}
figure{margin:0}svg{display:block;max-width:100%;height:auto}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;fill:var(--soft)}
.chart{width:100%;margin:4px 0 2px}
.bar{width:260px;min-width:200px;height:30px}
.end{text-anchor:end}.middle{text-anchor:middle}
.grid line{stroke:var(--grid)}.grid .axis{stroke:var(--soft)}
path{fill:none;stroke-width:1.8;stroke-linejoin:round}
.t0{stroke:var(--t0)}.t1{stroke:var(--t1)}.t2{stroke:var(--t2)}.t3{stroke:var(--t3)}
.t4{stroke:var(--t4)}.t5{stroke:var(--t5)}
.q0{stroke-width:1.1;opacity:.75}.q1{stroke-dasharray:5 3}.q2{stroke-width:2.4}
.failed{stroke-dasharray:2 3}
.limit{stroke:var(--bad);stroke-dasharray:6 4}svg text.limit{fill:var(--bad);stroke:none}
.phase{fill:none;stroke:none}.phase.odd{fill:var(--shade)}.phase.warm{fill:var(--shade);opacity:.9}
svg text.phase-name{font-size:11px}
.unsupported{fill:var(--shade);opacity:.85}
.whisker{stroke:var(--ink);stroke-width:2}.dot{fill:var(--ink)}
.good .whisker{stroke:var(--good)}.good .dot{fill:var(--good)}
.bad .whisker{stroke:var(--bad)}.bad .dot{fill:var(--bad)}
.open .whisker{stroke:var(--open)}.open .dot{fill:var(--open)}
.part{stroke:none}.part.t0{fill:var(--t0)}.part.t1{fill:var(--t1)}.part.t2{fill:var(--t2)}
.part.t3{fill:var(--t3)}.part.t4{fill:var(--t4)}.part.t5{fill:var(--t5)}
circle.hollow{fill:var(--bg)}
.mark{stroke:var(--ink);stroke-width:1}.mark.margin{stroke-dasharray:3 3;stroke:var(--soft)}
.area{stroke:none;opacity:.14}.area.t0{fill:var(--t0)}.area.t1{fill:var(--t1)}
.area.t2{fill:var(--t2)}.area.t3{fill:var(--t3)}.area.t4{fill:var(--t4)}.area.t5{fill:var(--t5)}
.key{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:13px;margin:2px 0;padding:0;list-style:none;
max-width:none}
.key svg{display:inline-block;width:26px;height:10px;vertical-align:middle;margin-right:5px}
.key label{cursor:pointer}.key input{margin:0 5px 0 0;vertical-align:middle}
.off{display:none}
image{image-rendering:pixelated}
details{border-top:1px solid var(--line);padding:8px 0}
summary{cursor:pointer;font-weight:600}
pre{background:var(--panel);padding:12px;overflow-x:auto;font-size:12.5px;border-radius:6px}
a{color:var(--t0)}.csv{font-size:12.5px}
#tip{position:absolute;pointer-events:none;background:var(--ink);color:var(--bg);font-size:12px;
line-height:1.45;padding:6px 9px;border-radius:5px;white-space:pre;z-index:9;display:none}
.cross{stroke:var(--soft);stroke-dasharray:2 2;pointer-events:none}
footer{margin-top:44px;color:var(--soft);font-size:12.5px}
@media (max-width:640px){body{padding:16px 14px 40px}h1{font-size:20px}.verdict{font-size:16px;
padding:10px 12px}.scroll>.chart{min-width:760px}.scroll>.chart text{font-size:15px}
th{white-space:normal;min-width:3em}td:not(.wrap){white-space:nowrap}}
@media print{body{max-width:none;padding:0}h2{break-after:avoid}svg,tr{break-inside:avoid}
.scroll{background:none}
details>*{display:block}.csv,.key input{display:none}}
"""
