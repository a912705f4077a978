/* The other half of web_map/packed.py: houses from few bytes. */
"use strict";
(function () {
  function ring(flat, packed) {
    const points = [];
    let x = packed.o[0], y = packed.o[1];
    for (let i = 0; i < flat.length; i += 2) {
      x += flat[i]; y += flat[i + 1];
      points.push([y / packed.steps, x / packed.steps]);
    }
    return points;
  }

  /* Features as gis.js takes them; words: column -> its label and the names of its identifiers. */
  window.unpack = function (packed, words) {
    return packed.shapes.map((shape, i) => {
      const bare = typeof shape[0] === "number";
      const g = bare ? [ring(shape, packed)] : shape.map((part) => part.map((r) => ring(r, packed)));
      const p = {}, rows = [];
      for (const [name, column] of Object.entries(packed.coded)) {
        p[name] = column.of[column.at.charCodeAt(i) - 48];
        const known = words[name];
        if (known) rows.push([known.label, known.names[p[name]] || p[name]]);
      }
      if (packed.floors[i]) rows.push([words.floors.label, packed.floors[i]]);
      return { g, p, k: packed.k[i], c: (bare ? g[0] : g[0][0])[0], f: { title: packed.k[i], rows } };
    });
  };
})();
