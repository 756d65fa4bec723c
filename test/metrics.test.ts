import { expect } from 'chai';
import { createMetrics } from '../src/metrics.ts';

describe('metrics', () => {
  it('count what the engine reports, by channel, destination and code', async () => {
    const metrics = createMetrics(async () => []);
    metrics.received('adt');
    metrics.received('adt');
    metrics.acknowledged('adt', 4);
    metrics.rejected('adt', 'hl7-no-msh');
    metrics.duplicate('adt');
    metrics.found('adt', 'field-required', 3);
    metrics.processed('adt', 'filtered');
    metrics.delivered('adt', 'ehr', 1500);
    metrics.failed('ehr', 'transient');
    metrics.connections('adt', 3);
    metrics.connectionRefused('adt', 'address');
    metrics.keepAlive('adt');
    metrics.certificate('destination', 'lab', new Date('2026-02-01T00:00:00Z'));
    metrics.intakeMemory(() => 42);
    const text = await metrics.text();
    for (const line of [
      'pipehat_received_total{channel="adt"} 2',
      'pipehat_acknowledged_total{channel="adt"} 1',
      'pipehat_rejected_total{channel="adt",code="hl7-no-msh"} 1',
      'pipehat_findings_total{channel="adt",rule="field-required"} 3',
      'pipehat_duplicates_total{channel="adt"} 1',
      'pipehat_processed_total{channel="adt",result="filtered"} 1',
      'pipehat_delivered_total{destination="ehr"} 1',
      'pipehat_failed_total{destination="ehr",class="transient"} 1',
      'pipehat_open_connections{channel="adt"} 3',
      'pipehat_connections_refused_total{channel="adt",reason="address"} 1',
      'pipehat_keep_alives_total{channel="adt"} 1',
      'pipehat_certificate_expiry_timestamp_seconds{kind="destination",name="lab"} 1769904000',
      'pipehat_intake_memory_bytes 42',
      'pipehat_ack_latency_seconds_bucket{le="0.0025",channel="adt"} 0',
      'pipehat_ack_latency_seconds_bucket{le="0.005",channel="adt"} 1',
      'pipehat_ack_latency_seconds_sum{channel="adt"} 0.004',
      'pipehat_delivery_latency_seconds_sum{channel="adt",destination="ehr"} 1.5',
    ]) {
      expect(text.split('\n')).to.include(line);
    }
    expect(text).to.include('process_cpu_user_seconds_total');
  });

  it('read the lanes anew for each text, and forget the ones that are gone', async () => {
    const readings = [
      [{ kind: 'channel', name: 'adt', depth: 5, oldest_ms: 2500 } as const],
      [{ kind: 'destination', name: 'ehr', depth: 1, oldest_ms: 10 } as const],
    ];
    const metrics = createMetrics(async () => readings.shift() ?? []);
    const first = await metrics.text();
    expect(first).to.include('pipehat_lane_depth{kind="channel",name="adt"} 5');
    expect(first).to.include('pipehat_lane_oldest_seconds{kind="channel",name="adt"} 2.5');
    const second = await metrics.text();
    expect(second).to.include('pipehat_lane_depth{kind="destination",name="ehr"} 1');
    expect(second).not.to.include('name="adt"');
  });

  it('are there when the lanes cannot be read, and say so', async () => {
    const metrics = createMetrics(async () => {
      throw new Error('database away');
    });
    metrics.received('adt');
    const text = await metrics.text();
    expect(text).to.include('pipehat_received_total{channel="adt"} 1');
    expect(text).to.include('pipehat_lane_readings_failed_total 1');
    expect(text).not.to.include('pipehat_lane_depth{');
  });

  it('of two engines in one process do not meet', async () => {
    const [one, two] = [createMetrics(async () => []), createMetrics(async () => [])];
    one.received('adt');
    expect(await two.text()).not.to.include('channel="adt"');
  });
});
