-- Distributes the sandboxes of a fleet over the nodes of a cluster of Citus, in the database that `--database` names. Not tried: it is
-- written by the documentation of Citus. What it needs is tried, on PostgreSQL: every statement of a call names one sandbox.
--
-- Start one replica, which makes the tables, end it, run this once (`psql --file deploy/fleet/citus.sql`), and start the replicas.
-- Tables that are not named here are small, belong to the whole fleet, and stay on the coordinator.
CREATE EXTENSION IF NOT EXISTS citus;
SELECT create_distributed_table('seatrial_head', 'sandbox');
SELECT create_distributed_table('seatrial_record', 'sandbox', colocate_with => 'seatrial_head');
SELECT create_distributed_table('seatrial_exchange', 'sandbox', colocate_with => 'seatrial_head');
SELECT create_distributed_table('seatrial_gone', 'sandbox', colocate_with => 'seatrial_head');
SELECT create_distributed_table('seatrial_part', 'sandbox', colocate_with => 'seatrial_head');
