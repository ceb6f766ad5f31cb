-- One row: an allocation that had begun by the as-at date.
CREATE TABLE allocations_known AS
SELECT * EXCLUDE (allocation_end), upto(allocation_end) AS allocation_end
FROM snap.allocations WHERE allocation_start <= as_at();

-- One row: from this day on, this is the child's team and worker, until the child's next row. Where allocations overlap,
-- the one begun last; in a gap, the last one before it; before them all, the first.
CREATE TABLE allocated_from AS
WITH turning AS (
    SELECT child_id, allocation_start AS from_day FROM allocations_known
    UNION
    SELECT child_id, allocation_end + 1 FROM allocations_known WHERE allocation_end IS NOT NULL
),
held AS (
    SELECT t.child_id, t.from_day, a.team, a.worker
    FROM turning t
    JOIN allocations_known a ON a.child_id = t.child_id AND a.allocation_start <= t.from_day
    QUALIFY row_number() OVER (
        PARTITION BY t.child_id, t.from_day
        ORDER BY coalesce(a.allocation_end, DATE '9999-12-31') >= t.from_day DESC, a.allocation_start DESC,
            a.allocation_end DESC NULLS FIRST, a.team, a.worker
    ) = 1
)
FROM held
UNION ALL
FROM (SELECT DISTINCT ON (child_id) child_id, DATE '0001-01-01', team, worker FROM held ORDER BY child_id, from_day);
