"""Which tones a recording holds, and how loud."""

import wave

import numpy

WINDOW_SECONDS = 0.1


def read_wav(path):
    """(samples in -1…1, sample rate). Tolerates a header whose lengths were never filled in."""
    with open(path, "rb") as file:
        data = file.read()
    rate = int.from_bytes(data[24:28], "little")
    start = data.index(b"data") + 8
    body = data[start:]
    samples = numpy.frombuffer(body[:len(body) // 2 * 2], dtype="<i2")
    return samples.astype(numpy.float64) / 32768, rate


def write_tone(path, frequency, seconds, rate, level_dbfs):
    """A sine whose peak is level_dbfs under full scale."""
    times = numpy.arange(int(seconds * rate)) / rate
    samples = numpy.sin(2 * numpy.pi * frequency * times) * 10 ** (level_dbfs / 20) * 32767
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.round().astype("<i2").tobytes())


def level_dbfs(samples, rate, frequency):
    """Peak level of the sine at `frequency`, dB under full scale: the mean power of Hann-windowed DFT bins of about 100 ms.
    A sender that was held up for a moment goes on in another phase: that spoils one of the windows, not all."""
    size = max(1, len(samples) // max(1, round(len(samples) / (rate * WINDOW_SECONDS))))
    window = numpy.hanning(size)
    wave = window * numpy.exp(-2j * numpy.pi * frequency * numpy.arange(size) / rate)
    windows = samples[:len(samples) // size * size].reshape(-1, size)
    power = ((2 * abs(windows @ wave) / window.sum()) ** 2).mean()
    return 10 * numpy.log10(max(power, 1e-18))


def steadiest(samples, rate, seconds):
    """The last `seconds` of a recording, a quarter second before its end."""
    end = len(samples) - rate // 4
    part = samples[max(0, end - int(seconds * rate)):end]
    assert len(part) == int(seconds * rate), f"only {len(samples) / rate:.2f} s were received"
    return part


def holes(samples, rate, quiet_dbfs=-50, millisecond=5):
    """How many windows of `millisecond` are quieter than quiet_dbfs."""
    size = rate * millisecond // 1000
    windows = samples[:len(samples) // size * size].reshape(-1, size)
    rms = numpy.sqrt((windows ** 2).mean(axis=1))
    return int((rms < 10 ** (quiet_dbfs / 20)).sum())
