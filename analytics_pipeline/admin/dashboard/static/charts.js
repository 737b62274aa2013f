// Shows under the pointer the row of the table behind a chart, and lets a mouse pick days by dragging.
// Everything that it shows stands in the page without it.
"use strict";

for (const figure of document.querySelectorAll("figure[data-places]")) follow(figure);

function follow(figure) {
  const places = Number(figure.dataset.places);
  const rows = new Map();
  for (const row of figure.querySelectorAll("tr[data-place]")) rows.set(Number(row.dataset.place), row);
  const heads = [...figure.querySelectorAll("thead th")].map((head) => head.textContent.trim());
  const band = made(figure, "band");
  const tip = made(figure, "tip");
  let begun = null;

  for (const chart of figure.querySelectorAll(".chart")) {
    chart.addEventListener("pointermove", (event) => {
      const place = placeAt(chart, event, places);
      if (place === null || !rows.has(place)) return hide();
      cover(chart, begun ?? place, place);
      tell(rows.get(place), event);
    });
    chart.addEventListener("pointerleave", hide);
    if ("pick" in figure.dataset) {
      chart.addEventListener("pointerdown", (event) => {
        if (event.pointerType === "mouse" && event.button === 0) begun = placeAt(chart, event, places);
      });
      chart.addEventListener("pointerup", (event) => {
        const ended = placeAt(chart, event, places);
        if (begun !== null && ended !== null && begun !== ended) pick(begun, ended);
        begun = null;
      });
    }
  }

  function hide() {
    band.hidden = tip.hidden = true;
    begun = null;
  }

  function cover(chart, from, to) {
    const box = figure.getBoundingClientRect();
    const plot = plotOf(chart);
    const svg = chart.querySelector("svg").getBoundingClientRect();
    const width = plot.width / places;
    band.style.left = `${plot.left - box.left + Math.min(from, to) * width}px`;
    band.style.width = `${(Math.abs(to - from) + 1) * width}px`;
    band.style.top = `${svg.top - box.top}px`;
    band.style.height = `${svg.height}px`;
    band.hidden = false;
  }

  function tell(row, event) {
    const lines = [...row.cells].map((cell, i) => {
      const line = document.createElement("p");
      line.textContent = i === 0 ? `${heads[0]} ${told(cell)}` : `${heads[i]}: ${told(cell)}`;
      return line;
    });
    tip.replaceChildren(...lines);
    tip.hidden = false;
    const box = figure.getBoundingClientRect();
    const left = event.clientX - box.left;
    const isRight = left > box.width / 2;
    tip.style.left = `${Math.max(0, isRight ? left - tip.offsetWidth - 16 : left + 16)}px`;
    tip.style.top = `${event.clientY - box.top + 12}px`;
  }

  function pick(from, to) {
    const days = [from, to].map((place) => rows.get(place)?.dataset.day).sort();
    if (!days.includes(undefined)) location.search = `?range=custom&from=${days[0]}&to=${days[1]}`;
  }
}

function made(figure, name) {
  const element = document.createElement("div");
  element.className = name;
  element.hidden = true;
  element.setAttribute("aria-hidden", "true");
  figure.append(element);
  return element;
}

// The lines of the grid are as wide as the plot.
function plotOf(chart) {
  return chart.querySelector("svg line").getBoundingClientRect();
}

function placeAt(chart, event, places) {
  const plot = plotOf(chart);
  const place = Math.floor(((event.clientX - plot.left) / plot.width) * places);
  return place < 0 || place >= places ? null : place;
}

// A closed table has no innerText.
function told(cell) {
  return cell.textContent.trim().replace(/[ \n]+/g, " ");
}
