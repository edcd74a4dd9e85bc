// Beside Locust's own page: the form in scenario mode, the header's targets, the live page's tab.
// Locust's elements stay Locust's: they get attributes and neighbours, and are found anew each time.
(function () {
  'use strict';
  var NONE = '(none)', UNUSED = ['userCount', 'spawnRate', 'host', 'model', 'encoding'];
  var style = document.createElement('style');
  style.textContent =
    '[data-eiload="first"]{order:-2}#eiload-plan{order:-1;width:100%;border:1px solid rgba(128,128,128,.35);border-radius:4px}' +
    '[data-eiload="unused"]{opacity:.4}[data-eiload="unused"]::after{content:"not used: the scenario says it";font-size:12px}' +
    '[data-eiload="needless"],[data-eiload-aim]>:not(.eiload){display:none!important}' +
    '#eiload-find{order:-1;width:100%;box-sizing:border-box;min-width:0;margin:0;font:14px/1.5 Roboto,Helvetica,Arial,sans-serif;' +
    'border:1px solid rgba(128,128,128,.35);border-radius:4px;padding:8px 12px}#eiload-find small{opacity:.75}' +
    '#eiload-find div{display:flex;flex-wrap:wrap;gap:4px 14px;margin:6px 0}' +
    '#eiload-find input:not([type=checkbox]){font:inherit;width:6.5em;padding:3px 6px;color:inherit;background:transparent;border:1px solid rgba(128,128,128,.6);border-radius:4px}' +
    '#eiload-live{width:100%;border:0;min-height:70vh}.eiload-wide{max-width:32em;overflow-wrap:anywhere}';
  document.head.appendChild(style);

  function mark(node, value) {
    if (!node) { return; }
    if (!value) { node.removeAttribute('data-eiload'); return; }
    if (node.getAttribute('data-eiload') !== value) { node.setAttribute('data-eiload', value); }
  }
  function framed(frame, most) {
    var dark = getComputedStyle(document.body).backgroundColor.match(/\d+/g);
    frame.style.colorScheme = dark && Number(dark[0]) < 128 ? 'dark' : 'light';
    var inside = frame.contentDocument && frame.contentDocument.documentElement;
    if (inside && inside.scrollHeight && frame.contentDocument.body && frame.contentDocument.body.offsetHeight) {
      frame.style.height = Math.min(frame.contentDocument.body.offsetHeight + 4, most) + 'px';
    }
  }

  // -- the form ---------------------------------------------------------------------------------
  var opened = new WeakSet();
  function form(select) {
    var all = select.closest('form'), part = select.closest('.MuiAccordion-root'), chosen = select.value !== NONE && select.value !== '';
    if (!all || !part) { return; }
    mark(part, 'first');
    mark(select.closest('.MuiFormControl-root'), 'first');
    var summary = part.querySelector('button[aria-expanded]');
    if (summary && !opened.has(part)) {
      opened.add(part);
      if (summary.getAttribute('aria-expanded') === 'false') { summary.click(); }
    }
    UNUSED.forEach(function (name) {
      var field = all.querySelector('[name="' + name + '"]');
      mark(field && field.closest('.MuiFormControl-root'), chosen ? 'unused' : '');
    });
    all.querySelectorAll('.MuiAlert-root').forEach(function (info) {
      mark(info, chosen && info.textContent.indexOf('no host attribute') >= 0 ? 'needless' : '');
    });
    var plan = all.querySelector('#eiload-plan');
    if (!plan) {
      plan = document.createElement('iframe');
      plan.id = 'eiload-plan';
      plan.title = 'what the scenario would do';
      part.parentNode.appendChild(plan);
    }
    var url = './eiload/plan?scenario=' + encodeURIComponent(select.value);
    plan.hidden = !chosen;
    plan.style.display = chosen ? '' : 'none';
    if (chosen && plan.dataset.url !== url) { plan.dataset.url = url; plan.src = url; }
    if (chosen) { framed(plan, window.innerHeight * 0.55); }
    search(select, plan, chosen);
  }

  // -- a capacity search, which the form offers beside the scenario's own traffic ---------------
  var FIELDS = [['from', 'from', '2/s'], ['to', 'to', '200/s'], ['budget', 'budget', '1 h'], ['trial', 'a trial', '60 s']];
  function search(select, plan, chosen) {
    var box = document.getElementById('eiload-find');
    if (!box) {
      box = document.createElement('fieldset');
      box.id = 'eiload-find';
      var legend = document.createElement('label'), on = document.createElement('input');
      on.type = 'checkbox'; on.name = 'eiload_search'; on.value = 'on';
      legend.append(on, ' Find the capacity: the largest rate at which the objectives hold');
      var fields = document.createElement('div');
      FIELDS.forEach(function (each) {
        var label = document.createElement('label'), field = document.createElement('input');
        field.name = 'eiload_' + each[0]; field.placeholder = each[2]; field.size = 8; field.disabled = true;
        field.autocomplete = 'off';
        label.append(each[1] + ' ', field);
        fields.append(label);
      });
      var note = document.createElement('small');
      box.append(legend, fields, note);
      on.addEventListener('change', function () { ready(box); });
      plan.parentNode.insertBefore(box, plan);
    }
    box.hidden = !chosen;
    if (!chosen || box.dataset.of === select.value) { return; }
    var name = box.dataset.of = select.value;
    box.querySelector('[name=eiload_search]').checked = false;
    ready(box);
    fetch('./eiload/capacity/form?scenario=' + encodeURIComponent(name), {credentials: 'same-origin', cache: 'no-store'}).then(function (answer) {
      return answer.ok && !answer.redirected ? answer.json() : {why: 'no answer'};
    }).then(function (told) {
      if (box.dataset.of !== name) { return; }
      var on = box.querySelector('[name=eiload_search]');
      on.disabled = told.why !== undefined;
      FIELDS.forEach(function (each) { box.querySelector('[name=eiload_' + each[0] + ']').value = told[each[0]] || ''; });
      box.querySelector('small').textContent = told.why ? 'no capacity search: ' + told.why :
        'Trials are runs of their own, made by this machine; the eiload tab shows how the search goes. Unticked, the scenario\u2019s own traffic is sent.';
      ready(box);
    }).catch(function () { box.dataset.of = ''; });
  }
  function ready(box) {
    var on = box.querySelector('[name=eiload_search]').checked;
    FIELDS.forEach(function (each) { box.querySelector('[name=eiload_' + each[0] + ']').disabled = !on; });
    box.querySelector('div').style.display = on ? '' : 'none';
  }

  // Locust sends the fields that it has made itself; ours go with them.
  var send = window.fetch;
  window.fetch = function (input, init) {
    var box = document.getElementById('eiload-find');
    var wanted = box && !box.hidden && box.querySelector('[name=eiload_search]').checked;
    var asked = new URL(input instanceof Request ? input.url : input, location.href);
    if (!wanted || !/\/swarm$/.test(asked.pathname)) { return send.apply(this, arguments); }
    return new Request(input, init).formData().then(function (data) {
      box.querySelectorAll('input').forEach(function (each) { data.set(each.name, each.value); });
      return send(asked, {method: 'POST', body: data, credentials: 'same-origin'});
    });
  };

  // -- the header -------------------------------------------------------------------------------
  var aim = '', asked = 0;
  function header() {
    var label = Array.prototype.find.call(document.querySelectorAll('header .MuiTypography-root'), function (node) {
      return node.textContent === 'Host' || node.classList.contains('eiload-label');
    });
    var box = label && label.parentNode;
    if (!box) { return; }
    if (Date.now() - asked > 2000 && !document.hidden) {
      asked = Date.now();
      fetch('./eiload/live?view=head', {credentials: 'same-origin', cache: 'no-store'}).then(function (answer) {
        return answer.ok && !answer.redirected ? answer.json() : null;
      }).then(function (told) { aim = told ? told.head.aim || '' : aim; }).catch(function () { return null; });
    }
    var own = box.querySelector('.eiload-aim');
    if (!aim) {
      box.removeAttribute('data-eiload-aim');
      if (own) { box.querySelectorAll('.eiload').forEach(function (node) { node.remove(); }); }
      return;
    }
    if (!own) {
      var title = document.createElement('p');
      title.className = label.className + ' eiload eiload-label';
      title.textContent = 'Targets';
      own = document.createElement('p');
      own.className = 'MuiTypography-root MuiTypography-body1 eiload eiload-aim eiload-wide';
      own.style.margin = '0';
      box.append(title, own);
    }
    if (own.textContent !== aim) { own.textContent = aim; }
    box.setAttribute('data-eiload-aim', '');
  }

  // -- the tab ----------------------------------------------------------------------------------
  function tab() {
    var list = document.querySelector('[role=tablist]');
    var on = list && list.querySelector('[role=tab][aria-selected=true]');
    var frame = document.getElementById('eiload-live');
    var ours = on && on.textContent === 'eiload';
    if (frame && !ours) { frame.remove(); return; }
    if (!ours) { return; }
    if (!frame) {
      frame = document.createElement('iframe');
      frame.id = 'eiload-live';
      frame.title = 'eiload: the run while it goes on';
      frame.src = './eiload';
      list.closest('.MuiContainer-root').appendChild(frame);
    }
    framed(frame, Infinity);
  }

  setInterval(function () {
    document.querySelectorAll('select[name=scenario]').forEach(form);
    header();
    tab();
  }, 250);
})();
