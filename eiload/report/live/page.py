"""The live page: an empty frame that its own script fills, once a second, from `head` and `track`.

Pure. The script is `marks.js` and `live.js` beside this file. It makes text nodes and attributes of
what it is told, never HTML, and the page's content policy lets it load and ask nobody but the
server it is from; so no name in a scenario and no text of a server can do more than be read.
"""

from importlib.resources import files

from eiload.report.html.document import document, policy
from eiload.report.html.style import STYLE

__all__ = ["POLICY", "page"]

MORE = """\
[hidden]{display:none!important}
body.framed{padding-top:8px}
.alarm{background:var(--bad-bg);color:var(--bad);padding:10px 14px;border-radius:8px;max-width:none;
overflow-wrap:anywhere}
#place{font-size:15px;color:var(--soft);overflow-wrap:anywhere;max-width:none}
#bar{display:flex;gap:2px;margin:8px 0 14px;height:26px}
#bar span{position:relative;flex:1 1 0;min-width:0;overflow:hidden;white-space:nowrap;
text-overflow:ellipsis;background:var(--panel);border-radius:4px;font-size:12px;line-height:26px;
padding:0 8px;border:1px solid var(--line)}
#bar span.warm{border-style:dashed}
#bar i{position:absolute;left:0;top:0;bottom:0;background:var(--t0);opacity:.22}
.who{font-weight:600;border-bottom:2.5px solid currentColor;padding-bottom:1px}
.who.t0{color:var(--t0)}.who.t1{color:var(--t1)}.who.t2{color:var(--t2)}.who.t3{color:var(--t3)}
.who.t4{color:var(--t4)}.who.t5{color:var(--t5)}
.small{font-size:11.5px;color:var(--open);margin-left:6px}
.links a{margin-right:8px;white-space:nowrap}
.controls{display:flex;flex-wrap:wrap;gap:6px 16px;align-items:center;font-size:13.5px}
.controls select{max-width:100%}.controls .key{margin:0}
select,.button{font:inherit;font-size:13.5px;padding:3px 8px;border-radius:5px;color:var(--ink);
background:var(--panel);border:1px solid var(--line)}
.button{text-decoration:none;color:var(--t0)}
.now{stroke:var(--soft);stroke-dasharray:2 3}
.said.bad{color:var(--bad)}.said.good{color:var(--good)}.said.open{color:var(--open)}
.key label{margin-right:14px}h2 small{font-weight:400;color:var(--soft);font-size:13px}
td.wrap{max-width:34em}td.right{white-space:nowrap}
"""

BODY = """\
<p id="silent" class="alarm" role="alert" hidden></p>
<p id="refused" class="alarm" hidden></p>
<p id="error" class="alarm" hidden></p>
<header><h1 id="name">eiload</h1><p id="place">Asking ...</p>
<div id="bar" hidden></div><p id="verdict" class="verdict" hidden></p>
<ul id="badges" class="badges"></ul></header>
<p id="none" hidden>Start a run in <a href="./" target="_top">Locust's form</a>: it is shown here
while it goes on.</p>
<main id="live" hidden>
<section id="targets-part" hidden><div id="now-part"><h2>Last seconds <small>ms, rates per
second</small></h2><div class="scroll"><table id="now"></table></div></div>
<h2 id="judged-title">Judged time so far <small>without warm-up, ms</small></h2>
<div class="scroll"><table id="judged"></table></div></section>
<section id="beside-part" hidden><h2>The server's side <small id="beside-when"></small></h2>
<div class="scroll" hidden><table id="servers"></table></div>
<div class="scroll" hidden><table id="machines"></table></div><ul id="beside-notes"
class="note"></ul></section>
<section id="objectives-part" hidden><h2>Objectives</h2><p id="no-verdict" class="note" hidden></p>
<div class="scroll"><table id="objectives"></table></div></section>
<section id="failures-part" hidden><h2>Failures</h2><ul id="failures"></ul></section>
<section><h2>Response times over time</h2>
<div class="controls"><select id="view" aria-label="what is shown"><option value="whole">the whole
run</option><option value="recent">the last 15 minutes</option></select>
<span id="key" class="key"></span><span class="note">thin: p50, dashed: p95, thick: p99, each over
as many requests as it takes</span></div>
<svg id="times" class="chart" role="img"></svg>
<h2>The load <small>thin: offered, thick: answered</small></h2>
<svg id="rates" class="chart" role="img"></svg>
<h2>Errors</h2><svg id="errors" class="chart" role="img"></svg>
<h2>Lag <small>p99 of the generator's own lateness</small></h2>
<svg id="lags" class="chart" role="img"></svg>
<div id="parts-part" hidden><h2>Where the time goes <small>means: thick: wait, dashed: upload,
thin: download, dotted: blocked</small></h2>
<svg id="parts" class="chart" role="img"></svg></div>
</section>
</main>
<section id="runs-part" hidden><h2>Runs of this session <small>the last 20, until Locust
ends</small></h2><div class="scroll"><table id="runs"></table></div>
<p id="compare-part" class="controls" hidden><label>Compare <select id="candidate"></select></label>
<label>with <select id="baseline"></select></label>
<a id="compare" class="button" target="_blank" href="#">Compare</a></p></section>
"""

_STYLE = STYLE + MORE
SCRIPTS = ("marks.js", "live.js")
_SCRIPT = "".join(files(__package__).joinpath(each).read_text("utf-8") for each in SCRIPTS)

POLICY = policy(_STYLE, _SCRIPT, "'self'") + "; frame-ancestors 'self'"
"""For the answer's header: framing is allowed to the same server only, which no page can say."""


def page() -> str:
    """Return the page; it is the same for every run."""
    return document("eiload", BODY, style=_STYLE, script=_SCRIPT, connect="'self'")
