// What pages are made of, and how numbers lie along an axis: all of it without a state.
var marks = (function () {
  'use strict';
  var NS = 'http://www.w3.org/2000/svg';

  function put(node) {
    while (node.firstChild) { node.removeChild(node.firstChild); }
    for (var i = 1; i < arguments.length; i++) { if (arguments[i]) { node.appendChild(arguments[i]); } }
    return node;
  }
  function make(tag, text, cls) {
    var node = document.createElement(tag);
    if (text !== undefined && text !== '') { node.textContent = text; }
    if (cls) { node.className = cls; }
    return node;
  }
  function clock(s) {
    s = Math.max(0, Math.floor(s));
    var h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60, r = s % 60;
    var two = function (n) { return (n < 10 ? '0' : '') + n; };
    return h ? h + ':' + two(m) + ':' + two(r) : m + ':' + two(r);
  }

  function el(parent, tag, at, text) {
    var node = document.createElementNS(NS, tag);
    Object.keys(at).forEach(function (k) { node.setAttribute(k, typeof at[k] === 'number' ? Math.round(at[k] * 10) / 10 : at[k]); });
    if (text !== undefined) { node.textContent = text; }
    parent.appendChild(node);
    return node;
  }
  function linear(low, high, a, b) {
    return function (v) { return a + (b - a) * (high > low ? Math.min(Math.max((v - low) / (high - low), 0), 1) : 0); };
  }
  function ticks(low, high, most) {
    var raw = (high - low) / most || 1, power = Math.pow(10, Math.floor(Math.log10(raw)));
    var step = [1, 2, 5, 10].map(function (d) { return d * power; }).find(function (s) { return s >= raw; });
    var found = [];
    for (var v = Math.ceil(low / step) * step; v <= high * 1.0001; v += step) { found.push(Number(v.toPrecision(6))); }
    return found;
  }
  function powers(low, high) {
    var found = [], many = high / low > 300;
    for (var p = Math.floor(Math.log10(low)); p <= Math.log10(high) + 1; p++) {
      (many ? [1] : [1, 2, 5]).forEach(function (d) {
        var v = d * Math.pow(10, p);
        if (v >= low && v <= high) { found.push(v); }
      });
    }
    return found;
  }
  function spell(ms) { return ms >= 1000 ? Number((ms / 1000).toPrecision(4)) + ' s' : Number(ms.toPrecision(4)) + ' ms'; }
  function path(f, steps, cls) {
    var d = '', before = null;
    steps.forEach(function (s) {
      if (s[2] === null) { before = null; return; }
      d += (before === s[0] ? 'L' : 'M') + f.x(s[0]).toFixed(1) + ' ' + f.y(s[2]).toFixed(1) + 'H' + f.x(s[1]).toFixed(1);
      before = s[1];
    });
    if (d) { el(f.svg, 'path', {d: d, class: cls}); }
  }

  return {put: put, make: make, clock: clock, el: el, linear: linear, path: path, ticks: ticks, powers: powers, spell: spell};
})();
