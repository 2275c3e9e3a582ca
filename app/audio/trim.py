"""The part of a source that is kept: what it is, and how ffmpeg cuts it out."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Trim:
    """In the source's own time. The end is None where nothing is cut off there."""

    start_ms: int = 0
    end_ms: int | None = None

    @property
    def is_whole(self) -> bool:
        return self.start_ms == 0 and self.end_ms is None

    def length_ms(self, duration_ms: int | None) -> int | None:
        """How much of a source of this length is kept. None when nobody knows."""
        end_ms = self.end_ms if self.end_ms is not None else duration_ms
        return None if end_ms is None else max(0, end_ms - self.start_ms)

    def exact(self, options: tuple[str, ...]) -> tuple[str, ...]:
        """ffmpeg's output options for an encoder, with the cut put before its filters: true to the sample.

        Samples are counted instead of trusting the packets' times, which some containers round to 1 ms.
        """
        if self.is_whole:
            return options
        end = "" if self.end_ms is None else f":end={self.end_ms}ms"
        cut = f"asetpts=N/SR/TB,atrim=start={self.start_ms}ms{end},asetpts=N/SR/TB"
        if "-af" not in options:
            return ("-af", cut, *options)
        place = options.index("-af") + 1
        return (*options[:place], f"{cut},{options[place]}", *options[place + 1 :])

    def at_packets(self) -> tuple[str, ...]:
        """ffmpeg's output options for a copied stream: cut where the next packet begins.

        Behind the input, so that each packet's time decides; seeking in the input lands seconds off.
        """
        start = ("-ss", f"{self.start_ms}ms") if self.start_ms else ()
        if self.end_ms is None:
            return start
        return (*start, "-t", f"{self.end_ms - self.start_ms}ms")


WHOLE = Trim()
