"use strict";
// The page of a running command follows the run: it reloads itself, which also works from a file.
(() => {
  document.querySelectorAll("time").forEach(time => {
    const at = new Date(time.dateTime);
    const today = at.toDateString() === new Date().toDateString();
    time.textContent = at.toLocaleString(undefined, today ? {timeStyle: "medium"} : {dateStyle: "medium", timeStyle: "medium"});
  });
  const live = document.getElementById("live");
  if (!live || live.dataset.state !== "running") return;

  const updated = Date.parse(live.dataset.updated);
  const seconds = () => (Date.now() - updated) / 1000;
  const silent = () => seconds() > Number(live.dataset.silence);
  const ago = s => s < 5400 ? `${Math.round(s / 60)} min` : `${Math.round(s / 3600)} h`;
  const news = document.getElementById("news");
  const time = news.querySelector("time").textContent;
  // A notebook shows a copy of the report, which no reload changes.
  const copy = location.protocol === "about:";
  const show = () => {
    live.classList.toggle("silent", !copy && silent());
    news.textContent = copy ? `As of ${time}.`
      : silent() ? `No news since ${time} (${ago(seconds())}): the driver may have ended; start the same command to go on.`
      : `As of ${time}. This page follows the run.`;
  };
  show();
  setInterval(show, 1000);
  if (copy) return;

  // An open section stays open.
  const remember = (key, value) => {
    try {
      if (value === undefined) return sessionStorage.getItem(location.pathname + key);
      sessionStorage.setItem(location.pathname + key, value);
    } catch {
      return null; // This browser stores nothing for files.
    }
  };
  document.querySelectorAll("details").forEach((details, i) => {
    details.open = remember("#details" + i) === "open";
    details.addEventListener("toggle", () => remember("#details" + i, details.open ? "open" : ""));
  });
  const follow = () => setTimeout(() => getSelection().isCollapsed ? location.reload() : follow(), silent() ? 30000 : 3000);
  follow();
})();
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const box = document.getElementById("charts");
  const COLOURS = ["--main", "--other", "--third", "--fourth", "--fifth", "--sixth", "--seventh", "--eighth"];
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const HEIGHT = 230;

  const plain = digits => v => v == null ? "–" : v.toLocaleString("en", {maximumFractionDigits: digits});
  const power = v => v == null ? "–" : v === 0 ? "0" : v.toExponential(2).replace(/\.?0+e/, "e");

  // Exponential moving average, corrected for its start; its window grows with the run.
  const smooth = values => {
    const decay = 1 - 1 / Math.max(1, Math.min(20, values.length / 20));
    let mean = 0, weight = 0;
    return values.map(v => {
      if (v == null) return null;
      mean = decay * mean + (1 - decay) * v;
      weight = decay * weight + (1 - decay);
      return mean / weight;
    });
  };

  // Values at the evaluations' steps, onto the x axis of the training steps and back: one axis for both.
  const join = (x, columns, otherX, others) => {
    const all = [...new Set([...x, ...otherX])].sort((a, b) => a - b);
    const spread = (from, values) => {
      const at = new Map(from.map((step, i) => [step, values[i]]));
      return all.map(step => at.has(step) ? at.get(step) : undefined);
    };
    return [all, ...columns.map(c => spread(x, c)), ...others.map(c => spread(otherX, c))];
  };

  const line = (label, stroke, format, more) =>
    ({label, stroke: () => colour(stroke), width: 1.75, points: {show: false}, spanGaps: true,
      value: (_, v) => format(v), ...more});
  const dots = (label, stroke, format) =>
    line(label, stroke, format, {width: 1.5, points: {show: true, size: 6, fill: () => colour(stroke)}});

  const charts = [];
  const {step, evalStep} = {step: data.step, evalStep: data.eval_step};
  if (step.length) {
    const evalLoss = data.eval.loss ? [data.eval.loss] : [];
    charts.push({
      title: "Loss", unit: box.dataset.lossUnit, format: plain(4), min: 0,
      data: join(step, [data.loss, smooth(data.loss)], evalStep, evalLoss),
      series: [line("training", "--faint", plain(4), {width: 1}), line("smoothed", "--main", plain(4)),
        ...evalLoss.map(() => dots("evaluation", "--other", plain(4)))],
    });
    charts.push({
      title: "Learning rate", unit: "", format: power, min: 0,
      data: [step, data.learning_rate], series: [line("learning rate", "--main", power)],
    });
    charts.push({
      title: "Throughput", unit: "tokens/s, all ranks, without padding", format: plain(0), min: 0,
      data: [step, data.tokens_per_second, smooth(data.tokens_per_second)],
      series: [line("tokens/s", "--faint", plain(0), {width: 1}), line("smoothed", "--main", plain(0))],
    });
    charts.push({
      title: "Gradient norm", unit: "global L2, before clipping", format: plain(3), min: 0,
      data: [step, data.grad_norm, smooth(data.grad_norm)],
      series: [line("norm", "--faint", plain(3), {width: 1}), line("smoothed", "--main", plain(3))],
    });
  }
  const shares = Object.keys(data.eval).filter(name => name !== "loss");
  if (shares.length) {
    charts.push({
      title: "Evaluation", unit: shares.join(", "), format: plain(4),
      data: [evalStep, ...shares.map(name => data.eval[name])],
      series: shares.map((name, i) => dots(name, COLOURS[i % COLOURS.length], plain(4))),
    });
  }
  if (!charts.length) {
    const note = document.createElement("p");
    note.className = "note";
    note.textContent = "No training step was recorded.";
    box.append(note);
  }
  if (data.records_per_point > 1) {
    document.getElementById("thinned").textContent =
      `Each point is the mean of ${data.records_per_point} records; metrics.jsonl holds all of them.`;
  }

  const axis = extra => ({stroke: () => colour("--soft"), font: "12px system-ui, 'DejaVu Sans', sans-serif",
    grid: {stroke: () => colour("--line"), width: 1}, ticks: {stroke: () => colour("--line"), width: 1, size: 5},
    ...extra});
  const plots = charts.map(chart => {
    const panel = document.createElement("div");
    panel.className = "chart";
    const title = document.createElement("h3");
    title.textContent = chart.title + " ";
    const unit = document.createElement("small");
    unit.textContent = chart.unit;
    title.append(unit);
    panel.append(title);
    box.append(panel);
    const plot = new uPlot({
      width: panel.clientWidth - 24, height: HEIGHT,
      cursor: {sync: {key: "run"}},
      scales: {x: {time: false}, y: {range: (_, low, high) => {
        const pad = (high - low || Math.abs(high) || 1) * 0.06;
        return [chart.min === 0 ? Math.min(0, low) : low - pad, high + pad];
      }}},
      axes: [
        axis({label: "optimizer step", labelSize: 18, labelFont: "12px system-ui, 'DejaVu Sans', sans-serif", size: 34,
          values: (_, ticks) => ticks.map(v => Number.isInteger(v) ? v.toLocaleString("en") : "")}),
        axis({size: 64, values: (_, ticks) => ticks.map(chart.format)}),
      ],
      series: [{label: "at step", value: (_, v) => v == null ? "–" : v.toLocaleString("en")}, ...chart.series],
    }, chart.data, panel);
    return {plot, panel};
  });

  // A panel gets narrower when others come beside it, too, and in a notebook's frame.
  const resized = new ResizeObserver(() => plots.forEach(({plot, panel}) =>
    plot.setSize({width: panel.clientWidth - 24, height: HEIGHT})));
  plots.forEach(({panel}) => resized.observe(panel));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    plots.forEach(({plot}) => plot.redraw()));
})();
