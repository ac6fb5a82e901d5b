"""The style sheet of the benchmarks' page."""

STYLE = """\
:root { color-scheme: light dark; --ground: #fff; --letters: #1b1f24; --quiet: #59636e;
  --line: #d5dae0; --shade: #f4f6f8; --good: #0a7040; --bad: #b3261e; --doubt: #8a5a00;
  --ours: #fdf1ea; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14171c; --letters: #e4e7eb; --quiet: #9ba5b0; --line: #343b44;
    --shade: #1d2228; --good: #56c98d; --bad: #ff8a80; --doubt: #e5b454; --ours: #2b2119; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 80rem; padding: 1.5rem clamp(.8rem, 3vw, 2rem) 4rem;
  background: var(--ground); color: var(--letters);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0 0 .3rem; font-size: 1.7rem; }
h2 { margin: 3rem 0 .6rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line);
  font-size: 1.3rem; }
h3 { margin: 1.6rem 0 .4rem; font-size: 1.05rem; }
p { max-width: 46rem; }
.quiet, caption { color: var(--quiet); }
.verdict { margin: 1rem 0; padding: .8rem 1rem; border-left: .35rem solid; background: var(--shade);
  font-size: 1.25rem; font-weight: 600; }
.verdict.met { border-color: var(--good); }
.verdict.broken { border-color: var(--bad); }
.verdict.noisy, .verdict.unmeasured { border-color: var(--doubt); }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin: 0; padding: 0; list-style: none; }
a { color: inherit; text-underline-offset: .2em; }
.scroll { margin: .8rem 0 1.2rem; overflow-x: auto; overflow-wrap: normal; }
:focus-visible { outline: 2px solid #2f86c9; outline-offset: 2px; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { padding: .2rem .6rem .4rem 0; text-align: left; }
th, td { padding: .28rem .7rem; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; font-weight: normal; }
thead th { border-bottom-width: 2px; color: var(--quiet); white-space: nowrap; }
tbody th, td:not(.number) { min-width: 9rem; }
.number { text-align: right; white-space: nowrap; }
tr.ours { background: var(--ours); }
tr.ours th, tr.broken th, tr.noisy th, tr.unmeasured th { font-weight: 650; }
tr.broken td:nth-child(2) { color: var(--bad); font-weight: 650; }
tr.noisy td:nth-child(2), tr.unmeasured td:nth-child(2) { color: var(--doubt); font-weight: 650; }
.plots { display: grid; gap: 0 2.5rem; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(min(34rem, 100%), 1fr)); }
figure { margin: 0; min-width: 0; }
figure svg { display: block; width: 42rem; max-width: 100%; min-width: 28rem; height: auto; }
figcaption { margin-top: 1.2rem; font-weight: 600; }
details { margin: .6rem 0; }
summary { padding: .3rem 0; cursor: pointer; }
@media print { nav { display: none; } body { max-width: none; } }
"""
