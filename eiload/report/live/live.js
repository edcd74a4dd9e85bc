(function () {
  'use strict';
  // Everything that comes from elsewhere becomes text nodes and attributes, never HTML.
  var Q = ['p50', 'p95', 'p99'], RECENT_S = 900;
  var LEFT = 58, RIGHT = 12, TOP = 22, BOTTOM = 26;
  var known = {run: 0, generation: 0, next: 0, view: 'whole'};
  var fixed = null, head = null, rates = [], quantiles = [], off = {}, failures = 0, shown = '', picked = false;

  var put = marks.put, make = marks.make, clock = marks.clock, el = marks.el;
  var linear = marks.linear, path = marks.path, ticks = marks.ticks, powers = marks.powers, spell = marks.spell;

  function $(id) { return document.getElementById(id); }
  function say(id, text) {
    var node = $(id);
    if (node.textContent !== (text || '')) { node.textContent = text || ''; }
    node.hidden = !text;
  }

  // -- asking -----------------------------------------------------------------------------------
  function ask() {
    var url = 'eiload/live?run=' + known.run + '&view=' + known.view +
      '&generation=' + known.generation + '&after=' + known.next;
    var view = known.view;
    fetch(url, {credentials: 'same-origin', cache: 'no-store'}).then(function (answer) {
      if (answer.redirected || !answer.ok) { throw new Error('status ' + answer.status); }
      return answer.json();
    }).then(function (told) {
      failures = 0;
      say('silent', '');
      if (view === known.view) { take(told); }
    }).catch(function () {
      failures += 1;
      if (failures > 2) {
        say('silent', 'No answer from Locust (or no longer logged in): the numbers below are old. Asking again.');
      }
    }).then(function () { setTimeout(ask, document.hidden ? 5000 : 1000); });
  }
  function take(told) {
    var drawn = false;
    head = told.head;
    if (head.stage === 'search') { location.reload(); return; }
    if (told.fixed) { fixed = told.fixed; }
    if (told.items === undefined) { fixed = null; rates = []; quantiles = []; drawn = true; }
    if (told.reset || told.run !== known.run) { rates = []; quantiles = []; drawn = true; }
    (told.items || []).forEach(function (item) {
      (item[0] === 'r' ? rates : quantiles).push(item);
      drawn = true;
    });
    if (known.view === 'recent' && rates.length) {
      var from = rates[rates.length - 1][1] - RECENT_S;
      rates = rates.filter(function (r) { return r[1] >= from; });
      quantiles = quantiles.filter(function (q) { return q[4] >= from; });
    }
    known.run = told.run; known.generation = told.generation || 0; known.next = told.next || 0;
    write();
    if (drawn) { draw(); }
  }

  // -- words ------------------------------------------------------------------------------------
  var STAGES = {
    idle: 'No run yet.', ready: 'Getting ready', load: '', drain: 'Waiting for the last answers',
    over: 'Ended', failed: 'Could not begin'
  };
  function write() {
    say('refused', head.refused ? 'The last start was refused: ' + head.refused : '');
    say('error', head.stage === 'failed' ? 'The run could not begin: ' + head.error : '');
    $('name').textContent = fixed ? fixed.name : 'eiload';
    document.title = (fixed ? fixed.name + ': ' : '') + (head.verdict ? head.verdict.summary : head.stage);
    document.body.dataset.stage = head.stage;
    place();
    put($('badges')).append.apply($('badges'), (head.badges || []).map(function (b) {
      var row = make('li');
      row.append(make('span', b[1], 'badge ' + b[0]), document.createTextNode(b[2]));
      return row;
    }));
    var verdict = $('verdict');
    verdict.hidden = !head.verdict;
    if (head.verdict) {
      verdict.className = 'verdict ' + head.verdict.tone;
      put(verdict, document.createTextNode(head.verdict.summary + ' '), links(head.number));
    }
    $('live').hidden = !fixed;
    $('none').hidden = !!fixed || head.stage === 'failed';
    targets(); beside(); objectives(); runs();
  }
  function place() {
    var at = [STAGES[head.stage]];
    if (head.stage === 'load') {
      at = [head.phase, clock(head.elapsed) + (head.total ? ' of ' + clock(head.total) : '')];
      if (head.look) { at.push('next look at ' + clock(head.look) + ', in ' + clock(head.look - head.elapsed)); }
      if (head.total) { at.push((head.look ? 'at most ' : '') + clock(head.total - head.elapsed) + ' left'); }
    }
    if (head.stage === 'ready' && head.said) { at.push(head.said); }
    if (head.workers && (head.stage === 'ready' || head.workers[1] !== 1) && head.stage !== 'over') {
      at.push(head.workers[0] + ' of ' + head.workers[1] + (head.workers[1] === 1 ? ' load process' : ' load processes'));
    }
    $('place').textContent = at.filter(Boolean).join(' \u00b7 ');
    var bar = $('bar');
    bar.hidden = !fixed || !head.total || head.stage === 'ready';
    if (bar.hidden) { return; }
    var parts = fixed.phases.map(function (phase) {
      var part = make('span', phase[0] + (phase[3] ? ' (warm-up)' : ''), phase[3] ? 'warm' : '');
      part.title = part.textContent + ', ' + clock(phase[2] - phase[1]);
      part.style.flexGrow = String(Math.max(phase[2] - phase[1], head.total / 60));
      var done = make('i'), share = (head.elapsed - phase[1]) / (phase[2] - phase[1]);
      done.style.width = 100 * Math.min(Math.max(share, 0), 1) + '%';
      part.appendChild(done);
      return part;
    });
    put(bar).append.apply(bar, parts);
  }
  function table(node, headings, rows) {
    var tr = make('tr'), body = make('tbody'), top = make('thead');
    headings.forEach(function (h) {
      var th = make('th', h[0], h[1]);
      if (h[2]) { th.title = h[2]; }
      tr.appendChild(th);
    });
    top.appendChild(tr);
    rows.forEach(function (cells) {
      var row = make('tr');
      cells.forEach(function (cell, i) {
        var td = make('td', typeof cell === 'string' ? cell : '', headings[i] && headings[i][1]);
        if (typeof cell !== 'string') { td.appendChild(cell); }
        row.appendChild(td);
      });
      body.appendChild(row);
    });
    put(node, top, body);
  }
  function named(row, index) {
    var name = make('span', row.name, 'who t' + index % 6);
    name.title = row.where;
    var cell = make('span');
    cell.appendChild(name);
    if (row.emulated) { cell.appendChild(make('span', 'emulated', 'small')); }
    return cell;
  }
  function targets() {
    var rows = head.targets || [], right = 'right', last = fixed ? 'last ' + fixed.window_s + ' s' : '';
    $('targets-part').hidden = !rows.length;
    $('now-part').hidden = !!head.verdict;
    $('judged-title').firstChild.textContent = head.verdict ? 'Judged time ' : 'Judged time so far ';
    table($('now'), [
      ['target'], ['offered/s', right, 'due by the schedule, ' + last],
      ['sent/s', right, 'sent and ended, ' + last], ['answered/s', right, 'good answers, ' + last],
      ['failed/s', right, 'did not end OK, ' + last],
      ['in flight', right, 'on their way: due and not ended; of closed loops the mean of the ' + last]
    ].concat(['p50', 'p95', 'p99', 'p99.9'].map(function (q) { return [q, right, q + ' of the response times, ms, ' + last]; })),
    rows.map(function (row, i) {
      return [named(row, i), row.offered, row.sent, row.answered, row.failed, row.in_flight].concat(row.recent);
    }));
    table($('judged'), [
      ['target'], ['requests', right], ['errors', right], ['lag p99', right, 'our own lateness, ms']
    ].concat(['p50', 'p95', 'p99', 'p99.9'].map(function (q) { return [q, right]; })),
    rows.map(function (row, i) {
      return [named(row, i), row.requests, row.errors, row.lag].concat(row.judged);
    }));
    var told = [];
    rows.forEach(function (row) {
      row.failures.forEach(function (f) { told.push(make('li', row.name + ': ' + f[1] + ' \u00d7 ' + f[0])); });
    });
    put($('failures')).append.apply($('failures'), told);
    $('failures-part').hidden = !told.length;
  }
  function beside() {
    var told = head.beside, right = 'right';
    $('beside-part').hidden = !told;
    if (!told) { return; }
    $('beside-when').textContent = told.when + ', by its own account, means in ms';
    function fill(id, headings, rows) {
      var node = $(id);
      node.parentNode.hidden = !rows.length;
      table(node, headings, rows.map(function (row) {
        return [make('span', row[1], 'who t' + row[0] % 6)].concat(row.slice(2));
      }));
    }
    fill('servers', [
      ['target'], ['counted/s', right, 'requests for the model that have ended'], ['not OK/s', right],
      ['in server', right, 'without network and parsing'], ['runtime', right, 'of that, the run of the graph'],
      ['queue', right, 'wait for a batch'], ['batch', right, 'examples in a batch that ran']
    ], told.servers);
    fill('machines', [
      ['target'], ['GPU or host'], ['use', right, 'share of the time in which a kernel, or a process, ran'],
      ['memory', right], ['power', right], ['', 'wrap']
    ], told.machines);
    put($('beside-notes')).append.apply($('beside-notes'), told.notes.map(function (note) { return make('li', note); }));
  }
  function objectives() {
    var rows = head.objectives || [], over = !!head.verdict;
    $('objectives-part').hidden = !rows.length;
    say('no-verdict', over || !rows.length ? '' : 'No verdict before ' + (head.look ? 'a planned look' : 'the end') + ': who looks every second and stops at a pleasant moment passes a system at its limit far more often than it should.');
    var headings = [['objective'], ['target'], ['observed' + (over ? '' : ' so far'), 'wrap'], [over ? 'why' : 'still missing', 'wrap']];
    table($('objectives'), over ? [['verdict']].concat(headings) : headings, rows.map(function (row) {
      var cells = [row.objective, row.target + (row.phase ? ' in ' + row.phase : ''), row.observed, row.missing];
      return over ? [make('span', row.word, 'badge ' + row.tone)].concat(cells) : cells;
    }));
  }
  function links(number) {
    var all = make('span', '', 'links');
    [['report.html', 'report'], ['run.json', 'run file'], ['report.txt', 'as text']].forEach(function (one) {
      var a = make('a', one[1]);
      a.href = 'eiload/run/' + number + '/' + one[0];
      if (one[0] === 'run.json') { a.setAttribute('download', 'run-' + number + '.json'); } else { a.target = '_blank'; }
      all.append(a, ' ');
    });
    return all;
  }
  function runs() {
    var all = head.runs || [], key = JSON.stringify(all);
    $('runs-part').hidden = !all.length;
    if (key === shown) { return; }
    shown = key;
    table($('runs'), [['run', 'right'], ['ended (UTC)'], ['scenario'], ['what came of it', 'wrap'], ['exit status', 'right'], ['']],
      all.map(function (run) {
        return [String(run.number), run.ended, run.name, make('span', run.summary, 'said ' + run.tone), String(run.status),
          run.targets.length ? links(run.number) : ''];
      }));
    var choices = [];
    all.forEach(function (run) {
      run.targets.forEach(function (target, i) { choices.push([run.number + '.' + i, 'run ' + run.number + ' (' + run.name + '): ' + target]); });
    });
    ['baseline', 'candidate'].forEach(function (id, n) {
      var select = $(id), before = select.value;
      put(select).append.apply(select, choices.map(function (choice) {
        var option = make('option', choice[1]);
        option.value = choice[0];
        return option;
      }));
      select.value = picked ? before : '';
      if (select.selectedIndex < 0 && choices.length) { select.selectedIndex = Math.min(n, choices.length - 1); }
    });
    $('compare-part').hidden = choices.length < 2;
    aim();
  }
  function aim() {
    $('compare').href = 'eiload/compare?baseline=' + encodeURIComponent($('baseline').value) +
      '&candidate=' + encodeURIComponent($('candidate').value);
  }

  // -- pictures ---------------------------------------------------------------------------------
  function span() {
    var end = rates.length ? rates[rates.length - 1][1] + rates[rates.length - 1][2] : 10;
    if (known.view === 'recent') { return [Math.max(0, end - RECENT_S), end]; }
    return [0, Math.max(head.total || 0, end)];
  }
  function frame(id, height, label, y, yTicks, spellY) {
    var svg = $(id), width = Math.max(300, svg.parentNode.clientWidth), x = span();
    put(svg);
    svg.setAttribute('viewBox', '0 0 ' + width + ' ' + height);
    svg.setAttribute('aria-label', label);
    var px = linear(x[0], x[1], LEFT, width - RIGHT);
    var number = 0;
    fixed.phases.forEach(function (phase) {
      var cls = 'phase' + (phase[3] ? ' warm' : number % 2 ? ' odd' : ''), a = px(phase[1]), b = px(Math.min(phase[2], x[1]));
      number += phase[3] ? 0 : 1;
      if (b <= a) { return; }
      el(svg, 'rect', {x: a, y: TOP, width: b - a, height: height - TOP - BOTTOM, class: cls});
      if (b - a > 7 * Math.min(phase[0].length, 20)) { el(svg, 'text', {x: (a + b) / 2, y: TOP - 7, class: 'middle phase-name'}, phase[0]); }
    });
    var grid = el(svg, 'g', {class: 'grid'});
    yTicks.forEach(function (v) {
      el(grid, 'line', {x1: LEFT, x2: width - RIGHT, y1: y(v), y2: y(v)});
      el(grid, 'text', {x: LEFT - 6, y: y(v) + 4, class: 'end'}, spellY(v));
    });
    var steps = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200];
    var step = steps.find(function (s) { return (x[1] - x[0]) / s <= width / 90; }) || 86400;
    for (var t = Math.ceil(x[0] / step) * step; t <= x[1]; t += step) {
      var last = px(t) > width - RIGHT - 18;
      el(grid, 'text', {x: last ? width - 1 : px(t), y: height - 8, class: last ? 'end' : 'middle'}, clock(t));
    }
    el(grid, 'line', {x1: LEFT, x2: width - RIGHT, y1: height - BOTTOM, y2: height - BOTTOM, class: 'axis'});
    if (head.total && (head.stage === 'load' || head.stage === 'drain')) { el(svg, 'line', {x1: px(head.elapsed), x2: px(head.elapsed), y1: TOP, y2: height - BOTTOM, class: 'now'}); }
    return {svg: svg, x: px, y: y, height: height, width: width};
  }
  function draw() {
    if (!fixed) { return; }
    key();
    var values = quantiles.filter(function (q) { return q[5] >= 0 && !off[q[1]]; }).map(function (q) { return q[5]; });
    var limits = fixed.limits.map(function (l) { return l[1]; });
    var low = Math.min.apply(null, values.concat(limits, values.length ? [] : [10])) / 1.25;
    var high = Math.max.apply(null, values.concat(limits, values.length ? [] : [100])) * 1.25;
    var H = 300, log = linear(Math.log(low), Math.log(high), H - BOTTOM, TOP);
    var f = frame('times', H, 'response times over time', function (v) { return v < 0 ? TOP : log(Math.log(Math.max(v, low))); }, powers(low, high), spell);
    fixed.limits.forEach(function (limit, n) {
      el(f.svg, 'line', {x1: LEFT, x2: f.width - RIGHT, y1: f.y(limit[1]), y2: f.y(limit[1]), class: 'limit'});
      el(f.svg, 'text', {x: f.width - RIGHT - 4 - n % 4 * 110, y: f.y(limit[1]) - 4, class: 'end limit'}, limit[0]);
    });
    fixed.targets.forEach(function (name, t) {
      if (off[t]) { return; }
      Q.forEach(function (_, n) {
        path(f, quantiles.filter(function (q) { return q[1] === t && q[2] === n; }).map(function (q) { return [q[3], q[4], q[5]]; }), 't' + t % 6 + ' q' + n);
      });
    });
    series('rates', 'requests a second, offered and answered', 200, [[0, 'q0'], [1, 'q2']], 'per s');
    series('errors', 'requests a second that did not end OK', 140, [[2, 'q2']], 'per s');
    series('lags', 'lag p99, ms', 140, [[3, 'q2']], 'ms');
    $('parts-part').hidden = !rates.some(function (r) { return r[3].some(function (t) { return t[6] !== null; }); });
    if (!$('parts-part').hidden) {
      series('parts', 'mean upload, wait and download, ms', 170, [[4, 'failed'], [5, 'q1'], [6, 'q2'], [7, 'q0']], 'ms');
    }
  }
  function series(id, label, height, which, unit) {
    var most = 0, per = unit === 'per s', lines = [];
    fixed.targets.forEach(function (name, t) {
      if (off[t]) { return; }
      which.forEach(function (one) {
        lines.push([rates.map(function (r) {
          var v = r[3][t][one[0]];
          v = v === null ? null : per ? v / r[2] : v;
          most = Math.max(most, v || 0);
          return [r[1], r[1] + r[2], v];
        }), 't' + t % 6 + ' ' + one[1]]);
      });
    });
    most = most * 1.1 || 1;
    var f = frame(id, height, label, linear(0, most, height - BOTTOM, TOP), ticks(0, most, height / 45), function (v) { return String(v); });
    el(f.svg, 'text', {x: LEFT - 6, y: 9, class: 'end'}, unit);
    lines.forEach(function (line) { path(f, line[0], line[1]); });
  }
  function key() {
    var node = $('key'), names = JSON.stringify(fixed.targets);
    if (node.dataset.names === names) { return; }
    node.dataset.names = names;
    off = {};
    put(node).append.apply(node, fixed.targets.map(function (name, t) {
      var label = make('label'), box = make('input');
      box.type = 'checkbox'; box.checked = true;
      box.addEventListener('change', function () { off[t] = !box.checked; draw(); });
      label.append(box, make('span', name, 'who t' + t % 6));
      return label;
    }));
  }

  $('view').addEventListener('change', function () {
    known.view = $('view').value; known.next = 0; known.run = 0;
  });
  ['baseline', 'candidate'].forEach(function (id) { $(id).addEventListener('change', function () { picked = true; aim(); }); });
  window.addEventListener('resize', function () { if (head) { draw(); } });
  if (window.parent !== window) { document.body.classList.add('framed'); }
  ask();
})();
