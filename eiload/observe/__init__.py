"""The server's side of a run: what it, its GPU and its host say of themselves beside the load.

In the order of the data's way:

- `reader`: the seam of whatever can be read once, and the first of it, a page of metrics; `pages`:
  what is on such a page, as numbers under our names
- `nvml` (GPUs by NVIDIA's library; `emulated`: a stand-in's behind the same calls), `smi` (by
  nvidia-smi on another machine), `host`: the other readers
- `watch`: a source read again and again, as a `record.observed.Source`, which a run's file keeps
- `growth`: how counters grew, restarts, several servers behind one address; `histogram`: exact
  means, quantiles between two limits
- `server`, `device`: what a server, a GPU, a host did over some phases; `notes`: what stands
  against believing it; `lately`: the last seconds, for who looks while a run is on
- `parts`: where the time went on both sides, and what the difference of two targets is made of;
  `foreign`: what the server counted against what was sent; `steps`: all of it over time

From `growth` on everything is a function of a `Run`. What it must not know: objectives, words of a
verdict, how anything is shown, and the sending process, which none of this runs in.
"""
