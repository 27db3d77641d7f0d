#!/usr/bin/python3
"""The conference of callers_test over an ethdev port: a DPDK driver on a veth, and the callers on another host."""

import unittest

from tests.harness import far_network, junit
from tests.harness.callers import SEND_LEVEL_DBFS, Ffmpeg, GStreamer
from tests.harness.stack import Stack

TONES = (503, 811, 1103)


class EthdevTest(unittest.TestCase):
    def test_callers_of_another_host_meet(self):
        network = far_network.FarNetwork()
        self.addCleanup(network.close)
        stack = Stack([
            f"--mediaplane.ethdev_vdev=net_af_packet0,iface={far_network.NEAR_DEVICE},qdisc_bypass=1,framesz=2048,"
            "blocksz=65536,framecnt=2048",
            f"--mediaplane.ethdev_address={far_network.NEAR_ADDRESS}/{far_network.PREFIX}",
            "--mediaplane.rtp_peer_allow=198.18.0.0/15",
        ]).start()
        self.addCleanup(stack.stop)
        room = stack.create_conference(name="far")
        far = {"address": far_network.FAR_ADDRESS, "prefix": network.prefix}
        callers = [Ffmpeg(stack, "PCMU", TONES[0], **far), GStreamer(stack, "PCMA", TONES[1], ptime_ms=20, **far),
                   Ffmpeg(stack, "G722", TONES[2], ptime_ms=20, **far)]
        for caller in callers:
            self.addCleanup(caller.end)
            caller.join(room["id"])
        stack.wait_joined(room["id"], 3)
        for caller in callers:
            caller.wait_heard(6)
        for caller in callers:
            for other in callers:
                level = caller.level(other.frequency, seconds=2)
                if other is caller:
                    self.assertLess(level, SEND_LEVEL_DBFS - 40, f"{caller.codec} heard itself")
                else:
                    self.assertAlmostEqual(level, SEND_LEVEL_DBFS, delta=1.0, msg=f"{caller.codec} hears {other.codec}")


if __name__ == "__main__":
    far_network.enter()
    junit.main()
