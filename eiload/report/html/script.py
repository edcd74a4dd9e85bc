"""What moves on the page: hovering, choosing targets, sorting. Without it all is there, still.

One script, whose digest the page's content policy names; nothing in the page's data can become part
of it (data come as JSON in an element that no browser runs, and as text only into text nodes).
"""

__all__ = ["SCRIPT"]

SCRIPT = """\
(function(){
'use strict';
var all=function(q,from){return Array.prototype.slice.call((from||document).querySelectorAll(q))};
all('input[data-target]').forEach(function(box){
  box.addEventListener('change',function(){
    all('.target-'+box.dataset.target).forEach(function(g){g.classList.toggle('off',!box.checked)});
    all('input[data-target="'+box.dataset.target+'"]').forEach(function(o){o.checked=box.checked});
  });
});
all('select[data-choose]').forEach(function(select){
  var show=function(){
    all('[data-part="'+select.dataset.choose+'"]').forEach(function(part){
      part.classList.toggle('off',part.dataset.value!==select.value)});
  };
  select.addEventListener('change',show);show();
});
all('th[data-sort]').forEach(function(th){
  th.addEventListener('click',function(){
    var at=th.cellIndex,body=th.closest('table').tBodies[0],down=th.dataset.down!=='1';
    th.dataset.down=down?'1':'0';
    var key=function(row){
      var said=row.cells[at].textContent.trim(),n=parseFloat(said.replace(/[, ]/g,''));
      return isNaN(n)?said:n;
    };
    all('tr',body).sort(function(a,b){
      var x=key(a),y=key(b);
      if(typeof x!==typeof y){return typeof x==='number'?-1:1}
      return (x<y?-1:x>y?1:0)*(down?-1:1);
    }).forEach(function(row){body.appendChild(row)});
  });
});
var tip=document.createElement('div');tip.id='tip';document.body.appendChild(tip);
all('figure[data-points]').forEach(function(figure){
  var svg=figure.querySelector('svg'),data=JSON.parse(figure.querySelector('script').textContent);
  var box=svg.viewBox.baseVal,cross=document.createElementNS(svg.namespaceURI,'line');
  cross.setAttribute('class','cross off');
  cross.setAttribute('y1',data.top);cross.setAttribute('y2',data.bottom);svg.appendChild(cross);
  var leave=function(){tip.style.display='none';cross.classList.add('off')};
  svg.addEventListener('pointerleave',leave);
  svg.addEventListener('pointermove',function(event){
    var frame=svg.getBoundingClientRect(),x=(event.clientX-frame.left)*box.width/frame.width;
    if(x<data.left||x>data.right){return leave()}
    var t=data.low+(x-data.left)/(data.right-data.left)*(data.high-data.low);
    var lines=[data.clock?clock(t):''];
    data.series.forEach(function(one){
      if(one.target!==undefined){
        var chosen=document.querySelector('input[data-target="'+one.target+'"]');
        if(chosen&&!chosen.checked){return}
      }
      var at=one.said&&one.said[Math.floor(t/one.every)];
      if(at){lines.push(one.name+'  '+at)}
      for(var i=0;one.steps&&i<one.steps.length;i++){
        var step=one.steps[i];
        if(t>=step[0]&&t<step[1]){lines.push(one.name+'  '+step[2]);break}
      }
    });
    tip.textContent=lines.filter(Boolean).join('\\n');
    tip.style.display='block';
    var left=event.pageX+16,width=tip.offsetWidth;
    if(left+width>document.documentElement.clientWidth){left=event.pageX-width-16}
    tip.style.left=left+'px';tip.style.top=(event.pageY+12)+'px';
    cross.setAttribute('x1',x);cross.setAttribute('x2',x);cross.classList.remove('off');
  });
});
function clock(s){
  s=Math.floor(s);var h=Math.floor(s/3600),m=Math.floor(s/60)%60,r=s%60;
  var two=function(n){return (n<10?'0':'')+n};
  return h?h+':'+two(m)+':'+two(r):m+':'+two(r);
}
})();
"""
