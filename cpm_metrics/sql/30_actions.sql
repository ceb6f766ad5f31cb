-- One row: an action of a CPM of a period of care. It belongs to the meeting of its ID, else to a CPM of its day.
CREATE TABLE actions_known AS
WITH linked AS (
    SELECT a.*, CASE WHEN m.meeting_id IS NOT NULL THEN 'ID ' || a.meeting_id ELSE 'day ' || a.meeting_date END AS called
    FROM snap.actions a
    LEFT JOIN (SELECT DISTINCT child_id, meeting_id FROM snap.meetings WHERE meeting_id IS NOT NULL AND meeting_type IS NOT NULL) m
      ON m.child_id = a.child_id AND m.meeting_id = a.meeting_id
),
cpms AS (
    SELECT child_id, care_started, meeting_date, state, meeting_id, meeting_key
    FROM placed_meetings WHERE is_cpm AND meeting_date <= as_at()
),
meant AS (  -- one row: what a CPM can be called by an action. Two CPMs on one day: the action is still one.
    SELECT child_id, care_started, called, first(cpm ORDER BY cpm.state = 'held' DESC, cpm.meeting_date, cpm.meeting_id, cpm.meeting_key) AS m
    FROM (SELECT cpms AS cpm, 'ID ' || meeting_id AS called, child_id, care_started FROM cpms
          UNION ALL SELECT cpms, 'day ' || meeting_date, child_id, care_started FROM cpms)
    WHERE called IS NOT NULL GROUP BY ALL
)
SELECT care_started, m.meeting_date, a.* EXCLUDE (meeting_date, meeting_id, completed_date, called, source, row),
    upto(a.completed_date) AS completed_date, m.meeting_id, m.meeting_key,
    list_contains(s.columns, 'due_date') AS has_due_date,
    list_contains(s.columns, 'completed_date') AS has_completed_date,
    a.source, a.row
FROM linked a
JOIN snap.sources s USING (source)
JOIN meant USING (child_id, called);
